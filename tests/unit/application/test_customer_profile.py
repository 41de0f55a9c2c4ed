"""A customer's key and profile: made, kept up to date, erased."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.envelope import Erasure
from lendstream.errors import Refused
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import ApplicationSubmitted, Identity
from lendstream.privacy import Vault, WrongKey
from lendstream.topics import CUSTOMER, CUSTOMER_KEY
from lendstream_application.domain.customer import erase, keep_profile
from lendstream_application.domain.ids import customer_id
from lendstream_application.domain.model import Customer
from unit.application.samples import DESK, NOW, SECRET, VAULT, context, submission

LATER = "2026-03-02T08:15:30.500Z"


def kept(state: Customer | None = None, event: ApplicationSubmitted | None = None) -> Customer:
    after = keep_profile(DESK, state, event or submission(), context())[0]
    assert after is not None
    return after


def identity_of(customer: Customer) -> Identity:
    assert customer.key is not None
    assert customer.profile is not None
    opened = VAULT.open(customer.key, customer.customer_id, customer.profile.ciphertext)
    return Identity.model_validate_json(opened)


def test_the_first_submission_makes_a_key_and_a_sealed_profile() -> None:
    after, events = keep_profile(DESK, None, submission(), context())
    key, profile = events
    assert isinstance(key, CustomerKey)
    assert isinstance(profile, CustomerProfile)
    assert after == Customer(customer_id(SECRET, submission().identity), key, profile)
    assert identity_of(after) == submission().identity
    assert profile.key_id == key.key_id
    assert "王小明" not in profile.model_dump_json()


def test_what_is_sealed_is_plain_json_for_its_readers() -> None:
    customer = kept()
    assert customer.key is not None
    assert customer.profile is not None
    opened = json.loads(VAULT.open(customer.key, customer.customer_id, customer.profile.ciphertext))
    assert opened["mobile"] == "+8613800138000"


@pytest.mark.parametrize("event", [submission(), submission("OTHER-9", amount=700_000, submitted_at=LATER)])
def test_a_person_who_did_not_change_is_not_published_again(event: ApplicationSubmitted) -> None:
    state = kept()
    after, events = keep_profile(DESK, state, event, context(partner="clinic"))
    assert after is state
    assert not events


@pytest.mark.parametrize(
    "changes",
    [{"identity__mobile": "+8613900139000"}, {"language": "en"}, {"consents__reminders": False}],
    ids=["mobile", "language", "consents"],
)
def test_a_change_is_published_under_the_same_key(changes: dict[str, object]) -> None:
    state = kept()
    event = submission("OTHER-9", submitted_at=LATER, **changes)
    after, events = keep_profile(DESK, state, event, context())
    (profile,) = events
    assert isinstance(profile, CustomerProfile)
    assert after is not None
    assert after.key is state.key
    assert identity_of(after) == event.identity
    assert (profile.language, profile.consents) == (event.language, event.consents)


def test_an_older_submission_that_comes_later_changes_nothing() -> None:
    state = kept(event=submission(submitted_at=LATER))
    older = submission("OLD-1", identity__mobile="+8613900139000")
    assert keep_profile(DESK, state, older, context())[0] is state


def test_a_partners_fast_clock_does_not_lock_out_later_changes() -> None:
    state = kept(event=submission(submitted_at=(NOW + timedelta(hours=20)).isoformat()))
    newer = submission("NEW-1", identity__mobile="+8613900139000", submitted_at=(NOW + timedelta(hours=1)).isoformat())
    after = keep_profile(DESK, state, newer, context(now=NOW + timedelta(hours=2)))[0]
    assert after is not None
    assert identity_of(after) == newer.identity


def test_a_data_key_under_an_old_master_is_rewrapped_on_the_way() -> None:
    state = kept()
    rotated = Vault({"2026-01": bytes(range(32)), "2026-02": bytes(32)}, "2026-02")
    _after, events = keep_profile(replace(DESK, vault=rotated), state, submission("OTHER-9"), context())
    (key,) = events
    assert isinstance(key, CustomerKey)
    assert state.key is not None
    assert (key.master_key_id, key.key_id) == ("2026-02", state.key.key_id)


def test_an_erasure_leaves_nothing_but_tombstones() -> None:
    state = kept()
    after, tombstones = erase(state, state.customer_id, NOW)
    assert after == Customer(state.customer_id, erased_at=NOW)
    identifier = str(state.customer_id)
    assert tombstones == (Erasure(CUSTOMER_KEY, identifier), Erasure(CUSTOMER, identifier))
    assert erase(after, state.customer_id, NOW)[1] == tombstones


def test_nobody_is_erased_whom_nobody_knows() -> None:
    with pytest.raises(Refused) as caught:
        erase(None, customer_id(SECRET, submission().identity), NOW)
    assert caught.value.code == "unknown_customer"


def test_a_submission_from_before_the_erasure_brings_nobody_back() -> None:
    state = kept()
    erased, _ = erase(state, state.customer_id, NOW)
    after, events = keep_profile(DESK, erased, submission(), context(now=NOW + timedelta(days=2)))
    assert after is erased
    assert not events


def test_applying_again_after_an_erasure_makes_another_key() -> None:
    state = kept()
    assert state.key is not None
    assert state.profile is not None
    erased, _ = erase(state, state.customer_id, NOW)
    again = submission("NEW-1", submitted_at=(NOW + timedelta(seconds=1)).isoformat())
    after = keep_profile(DESK, erased, again, context(now=NOW + timedelta(seconds=2)))[0]
    assert after is not None
    assert after.key is not None
    assert after.key.key_id != state.key.key_id
    assert identity_of(after) == again.identity
    with pytest.raises(WrongKey):
        VAULT.open(after.key, state.customer_id, state.profile.ciphertext)


@given(st.permutations(range(5)))
def test_in_whatever_order_submissions_come_the_newest_identity_stands(order: list[int]) -> None:
    mobiles = [f"+861380013800{number}" for number in range(5)]
    state = None
    for number in order:
        event = submission(
            f"R-{number}",
            identity__mobile=mobiles[number],
            submitted_at=(NOW + timedelta(seconds=number - 10)).isoformat(),
        )
        state = kept(state, event)
    assert state is not None
    assert identity_of(state).mobile == mobiles[4]
