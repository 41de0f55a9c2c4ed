"""The customer's profile and key: the only topics with direct identifiers, and those encrypted.

Both are compacted and keyed by customer. Erasing a person is a tombstone on both, and the end of the key.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from lendstream.events.base import Event, Timestamp
from lendstream.events.intake import Consents, Language


class CustomerProfile(Event):
    """The customer's direct identifiers, encrypted under the customer's own data key."""

    customer_id: UUID
    """The customer."""
    key_id: UUID
    """The data key it is encrypted under, see CustomerKey."""
    ciphertext: Annotated[str, Field(max_length=8000)]
    """base64 of nonce and AES-256-GCM ciphertext of the identity as JSON; the customer id is the associated data."""
    language: Language
    """The language the customer is written to in."""
    consents: Consents
    """What the customer agreed to."""
    updated_at: Timestamp
    """When it was written; an older profile never replaces a newer one."""


class CustomerKey(Event):
    """The customer's data key, wrapped by the platform's master key."""

    customer_id: UUID
    """The customer."""
    key_id: UUID
    """The data key's id."""
    wrapped_key: Annotated[str, Field(max_length=400)]
    """base64 of the data key, wrapped (AES-256-GCM) by the master key; the key id is the associated data."""
    master_key_id: Annotated[str, Field(max_length=40, examples=["2026-01"])]
    """Which master key wraps it."""
