"""Data keys, sealing, and the customer's id."""

import base64
import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.intake import IdentityType
from lendstream.privacy import UnknownMasterKey, UnusableKeys, Vault, WrongKey, customer_id

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
SECRET = b"a secret of the platform, 32 bytes"
CUSTOMER = UUID("0190a3c0-7c1e-7d2a-8b43-5f6f1f1c2d3e")


@pytest.fixture(name="vault", scope="module")
def _vault() -> Vault:
    return Vault({"2025": OLD, "2026": NEW}, "2026")


@given(plaintext=st.binary(max_size=2000), customer=st.uuids())
def test_what_is_sealed_opens_again(vault: Vault, plaintext: bytes, customer: UUID) -> None:
    key = vault.new_key(customer)
    sealed = vault.seal(key, customer, plaintext)
    assert vault.open(key, customer, sealed) == plaintext
    assert len(base64.b64decode(sealed)) == 12 + len(plaintext) + 16


def test_nothing_is_sealed_or_keyed_twice_the_same(vault: Vault) -> None:
    key, other = vault.new_key(CUSTOMER), vault.new_key(CUSTOMER)
    assert key.key_id != other.key_id
    assert key.wrapped_key != other.wrapped_key
    assert vault.seal(key, CUSTOMER, b"x") != vault.seal(key, CUSTOMER, b"x")
    assert base64.b64encode(NEW).decode() not in key.wrapped_key


def test_another_key_of_the_same_customer_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(vault.new_key(CUSTOMER), CUSTOMER, b"secret")
    with pytest.raises(WrongKey):
        vault.open(vault.new_key(CUSTOMER), CUSTOMER, sealed)


def test_a_text_moved_to_another_customer_does_not_open(vault: Vault) -> None:
    key, other = vault.new_key(CUSTOMER), uuid4()
    sealed = vault.seal(key, CUSTOMER, b"secret")
    with pytest.raises(WrongKey, match=str(other)):
        vault.open(key, other, sealed)
    with pytest.raises(WrongKey):
        vault.open(key.model_copy(update={"customer_id": other}), other, sealed)


@pytest.mark.parametrize("text", ["", "====", "not base64 ü", "AAAA", base64.b64encode(bytes(60)).decode()])
def test_a_changed_text_does_not_open(vault: Vault, text: str) -> None:
    with pytest.raises(WrongKey):
        vault.open(vault.new_key(CUSTOMER), CUSTOMER, text)


@given(position=st.integers(min_value=0, max_value=37), bit=st.integers(min_value=0, max_value=7))
def test_one_changed_bit_is_noticed(vault: Vault, position: int, bit: int) -> None:
    key = vault.new_key(CUSTOMER)
    sealed = bytearray(base64.b64decode(vault.seal(key, CUSTOMER, b"0123456789")))
    sealed[position] ^= 1 << bit
    with pytest.raises(WrongKey):
        vault.open(key, CUSTOMER, base64.b64encode(sealed).decode())


def test_a_key_of_a_master_key_that_is_gone_says_which(vault: Vault) -> None:
    key = Vault({"2024": OLD}, "2024").new_key(CUSTOMER)
    with pytest.raises(UnknownMasterKey, match="2024"):
        vault.seal(key, CUSTOMER, b"x")


def test_a_rewrapped_key_opens_what_was_sealed_before_and_needs_the_old_master_no_more(vault: Vault) -> None:
    before = Vault({"2025": OLD}, "2025")
    key = before.new_key(CUSTOMER)
    sealed = before.seal(key, CUSTOMER, b"secret")
    rewrapped = vault.rewrap(key)
    assert (rewrapped.master_key_id, rewrapped.key_id, rewrapped.customer_id) == ("2026", key.key_id, CUSTOMER)
    assert Vault({"2026": NEW}, "2026").open(rewrapped, CUSTOMER, sealed) == b"secret"
    assert vault.rewrap(rewrapped) is rewrapped


def _encoded(**keys: bytes) -> str:
    return json.dumps({name: base64.b64encode(key).decode() for name, key in keys.items()})


def test_the_last_master_key_is_current_unless_said() -> None:
    assert Vault.from_settings(_encoded(a=OLD, b=NEW)).current == "b"
    assert Vault.from_settings(_encoded(a=OLD, b=NEW), "a").current == "a"


@pytest.mark.parametrize(
    ("text", "current", "said"),
    [
        ("", None, "openssl rand"),
        ("not json", None, "openssl rand"),
        ("[]", None, "openssl rand"),
        ("{}", None, "openssl rand"),
        ('{"a": 1}', None, "openssl rand"),
        ('{"a": "secret%%"}', None, "'a' is not base64"),
        (_encoded(a=b"secret"), None, "'a' has 6 bytes"),
        (_encoded(**{"": OLD}), None, "1 to 40"),
        (_encoded(a=OLD), "b", "'b' is not among"),
    ],
)
def test_unusable_master_keys_are_explained_and_not_shown(text: str, current: str | None, said: str) -> None:
    with pytest.raises(UnusableKeys, match=said) as caught:
        Vault.from_settings(text, current)
    assert "secret" not in str(caught.value)


def test_the_same_person_is_one_customer_however_the_number_is_written() -> None:
    found = {
        customer_id(SECRET, IdentityType.RESIDENT_ID, number)
        for number in ("11010119900307001X", "11010119900307001x", "110101-19900307-001X")
    }
    assert len(found) == 1
    (only,) = found
    assert (only.version, only.variant) == (8, "specified in RFC 4122")


def test_other_documents_numbers_and_secrets_are_other_customers() -> None:
    known = customer_id(SECRET, IdentityType.PASSPORT, "E12345678")
    assert known != customer_id(SECRET, IdentityType.RESIDENT_ID, "E12345678")
    assert known != customer_id(SECRET, IdentityType.PASSPORT, "E12345679")
    assert known != customer_id(SECRET + b"!", IdentityType.PASSPORT, "E12345678")
    assert customer_id(SECRET, IdentityType.OTHER, "1-23") != customer_id(SECRET, IdentityType.OTHER, "12-3")


def test_the_id_never_changes_between_versions() -> None:
    assert customer_id(b"s" * 32, IdentityType.RESIDENT_ID, "110101199003070017") == UUID(
        "a9d3f4eb-8734-8332-b0a1-59a978b2f4a5"
    )
