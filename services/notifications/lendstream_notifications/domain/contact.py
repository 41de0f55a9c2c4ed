"""What is known of a customer: the sealed profile, the wrapped key, and which articles they were given.

Profile and key come on two topics, in any order, before or after the customer's loans. Nothing is opened here: the
direct identifiers stay sealed until a message is handed over.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from lendstream.envelope import Tombstone
from lendstream.errors import Refused
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.loan import InstalmentOverdue, LoanDisbursed
from lendstream_notifications.domain.message import Message, Occasion
from lendstream_notifications.domain.rules import Article, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One customer."""

    customer_id: UUID
    profile: CustomerProfile | None = None
    key: CustomerKey | None = None
    profile_updated_at: datetime | None = None
    """When the last profile was written; kept after an erasure, so that an old copy does not come back."""
    profile_erased: bool = False
    key_erased: bool = False
    articles: tuple[str, ...] = ()
    """The articles the customer was given, or will be."""
    messages: tuple[Message, ...] = ()
    """Those queued since it was loaded; saved beside it."""

    @property
    def erased(self) -> bool:
        """Whether the customer's data was erased, and did not come back whole."""
        return self.profile_erased or self.key_erased

    @property
    def complete(self) -> bool:
        """Whether profile and key are both there and belong together."""
        return self.profile is not None and self.key is not None and self.profile.key_id == self.key.key_id


def learn_profile(contact: Contact | None, event: CustomerProfile, occasion: Occasion) -> Contact:
    """Keep the newest profile; one of a person who was erased before starts a new life."""
    contact = contact or Contact(customer_id=event.customer_id)
    if contact.profile_updated_at is not None and event.updated_at <= contact.profile_updated_at:
        return contact
    return replace(contact, profile=event, profile_updated_at=event.updated_at, profile_erased=False)


def learn_key(contact: Contact | None, event: CustomerKey, occasion: Occasion) -> Contact:
    """Keep the key, or the same key under a newer master key."""
    contact = contact or Contact(customer_id=event.customer_id)
    return replace(contact, key=event, key_erased=False)


def erase_profile(contact: Contact | None, tombstone: Tombstone, occasion: Occasion) -> Contact:
    """Forget the profile."""
    contact = contact or Contact(customer_id=customer_of(tombstone))
    return replace(contact, profile=None, profile_erased=True)


def erase_key(contact: Contact | None, tombstone: Tombstone, occasion: Occasion) -> Contact:
    """Forget the key, and with it the power to read any copy of the profile."""
    contact = contact or Contact(customer_id=customer_of(tombstone))
    return replace(contact, key=None, key_erased=True)


def give_article(
    contact: Contact | None,
    event: LoanDisbursed | InstalmentOverdue,
    occasion: Occasion,
    *,
    rules: Rules,
    article: Article,
) -> Contact:
    """Queue an article, once a customer."""
    contact = contact or Contact(customer_id=event.customer_id)
    kind = rules.articles.get(article)
    if kind is None or kind in contact.articles:
        return contact
    message = Message(
        key=f"{event.customer_id}/{kind}",
        customer_id=event.customer_id,
        loan_id=event.loan_id,
        kind=kind,
        planned_for=occasion.business_date,
        queued_on=occasion.business_date,
        channel=rules.kinds[kind].channels[0],
        created_at=occasion.now,
        next_attempt_at=occasion.now,
        correlation_id=occasion.correlation_id,
        traceparent=occasion.traceparent,
    )
    return replace(contact, articles=(*contact.articles, kind), messages=(*contact.messages, message))


def customer_of(tombstone: Tombstone) -> UUID:
    """The customer whose tombstone it is. Raises Refused when the key is no UUID."""
    try:
        return UUID(tombstone.key)
    except ValueError:
        raise Refused("uuid_parsing", "The key is not a UUID.", field="key", fix="Key it by customer_id.") from None
