"""Direct identifiers: who a person is, kept so that erasing one small key erases the person.

Each customer has a data key of 256 random bits. It is kept only wrapped (AES-256-GCM) by a master key from the
settings, and what is known of the person only sealed (AES-256-GCM) under the data key. Once the wrapped key is
gone, nobody can read the person anywhere, in old topic records and backups neither.

    vault = Vault.from_settings('{"2026-01": "<base64 of 32 random bytes>"}', "2026-01")
    key = vault.new_key(customer)                        # a CustomerKey event: random, so never made twice the same
    text = vault.seal(key, customer, b"...")             # goes into CustomerProfile.ciphertext
    vault.open(key, customer, text)
"""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Mapping
from typing import Self
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lendstream.events.customer import CustomerKey
from lendstream.events.intake import IdentityType

KEY_BYTES = 32
NONCE_BYTES = 12


class PrivacyError(Exception):
    """Something sealed cannot be sealed or opened."""


class UnusableKeys(PrivacyError):
    """The master keys in the settings are not as they must be; the message says what to correct."""


class UnknownMasterKey(PrivacyError):
    """A data key is wrapped by a master key that the settings do not have."""


class WrongKey(PrivacyError):
    """The text or the wrapped key was not made with this key for this customer, or was changed since."""


class Vault:
    """Makes data keys, seals and opens with them. Holds only the master keys; safe to share between tasks."""

    def __init__(self, master_keys: Mapping[str, bytes], current: str) -> None:
        """master_keys: 32 bytes each, by id; old ones stay until every data key is rewrapped. current: wraps new ones.

        Raises UnusableKeys.
        """
        for name, key in master_keys.items():
            if not 1 <= len(name) <= 40:
                raise UnusableKeys(f"the master key id {name!r} must have 1 to 40 characters")
            if len(key) != KEY_BYTES:
                raise UnusableKeys(f"the master key {name!r} has {len(key)} bytes; it must have {KEY_BYTES}")
        if current not in master_keys:
            known = ", ".join(sorted(master_keys)) or "none"
            raise UnusableKeys(f"the current master key {current!r} is not among the master keys ({known})")
        self._masters = {name: AESGCM(key) for name, key in master_keys.items()}
        self.current = current

    @classmethod
    def from_settings(cls, master_keys: str, current: str | None = None) -> Self:
        """From JSON text, id to base64 of 32 bytes; the current one, if not said, is the last.

        Raises UnusableKeys, which never shows a key.
        """
        try:
            texts = json.loads(master_keys)
        except ValueError:
            texts = None
        if not isinstance(texts, dict) or not texts or not all(isinstance(text, str) for text in texts.values()):
            raise UnusableKeys(
                'the master keys must be JSON, id to base64 of 32 bytes: {"2026-01": "..."}; '
                "`openssl rand -base64 32` makes one"
            )
        keys: dict[str, bytes] = {}
        for name, text in texts.items():
            try:
                keys[name] = base64.b64decode(text, validate=True)
            except binascii.Error:
                raise UnusableKeys(f"the master key {name!r} is not base64") from None
        return cls(keys, current or next(reversed(keys)))

    def new_key(self, customer_id: UUID) -> CustomerKey:
        """A new data key for a customer, wrapped by the current master key."""
        return self._wrapped(customer_id, uuid4(), os.urandom(KEY_BYTES))

    def seal(self, key: CustomerKey, customer_id: UUID, plaintext: bytes) -> str:
        """base64 of a random nonce and the AES-256-GCM ciphertext; the customer's id is the associated data.

        Raises UnknownMasterKey, WrongKey.
        """
        return _encrypt(AESGCM(self._data_key(key, customer_id)), plaintext, customer_id.bytes)

    def open(self, key: CustomerKey, customer_id: UUID, ciphertext: str) -> bytes:
        """What `seal` was given. Raises UnknownMasterKey, WrongKey."""
        return _decrypt(AESGCM(self._data_key(key, customer_id)), ciphertext, customer_id.bytes)

    def rewrap(self, key: CustomerKey) -> CustomerKey:
        """The same data key under the current master key; the very same event if it already is.

        Everything sealed stays as it is. Raises UnknownMasterKey, WrongKey.
        """
        if key.master_key_id == self.current:
            return key
        return self._wrapped(key.customer_id, key.key_id, self._data_key(key, key.customer_id))

    def _wrapped(self, customer_id: UUID, key_id: UUID, data_key: bytes) -> CustomerKey:
        return CustomerKey(
            customer_id=customer_id,
            key_id=key_id,
            wrapped_key=_encrypt(self._masters[self.current], data_key, key_id.bytes),
            master_key_id=self.current,
        )

    def _data_key(self, key: CustomerKey, customer_id: UUID) -> bytes:
        if key.customer_id != customer_id:
            raise WrongKey(f"the key {key.key_id} is customer {key.customer_id}'s, not {customer_id}'s")
        master = self._masters.get(key.master_key_id)
        if master is None:
            raise UnknownMasterKey(
                f"the key {key.key_id} is wrapped by the master key {key.master_key_id!r}; "
                f"the settings have {', '.join(sorted(self._masters))}"
            )
        return _decrypt(master, key.wrapped_key, key.key_id.bytes)


def customer_id(secret: bytes, identity_type: IdentityType, identity_number: str) -> UUID:
    """The person's id: a UUIDv8 from the HMAC-SHA256 of the document, the same through every partner.

    Without the secret nobody can tell an id from a number by trying all numbers. Letters' case does not count, nor
    do hyphens in an identity card's or a passport's number.
    """
    number = identity_number.upper()
    if identity_type is not IdentityType.OTHER:
        number = number.replace("-", "")
    digest = bytearray(hmac.digest(secret, f"{identity_type.value}:{number}".encode(), "sha256")[:16])
    digest[6] = 0x80 | digest[6] & 0x0F
    digest[8] = 0x80 | digest[8] & 0x3F
    return UUID(bytes=bytes(digest))


def _encrypt(cipher: AESGCM, plaintext: bytes, associated: bytes) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + cipher.encrypt(nonce, plaintext, associated)).decode()


def _decrypt(cipher: AESGCM, text: str, associated: bytes) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True)
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError) as error:
        raise WrongKey("the text does not open: another key, another customer, or changed since") from error
