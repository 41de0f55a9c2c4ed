"""Customers with sealed identities, their loans, and records of what happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from integration.notifications.conftest import MASTER_KEYS
from lendstream.envelope import Envelope, Erasure, Record, decode, encode, encode_erasure
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import Consents, Identity, Language
from lendstream.events.loan import LoanEvent
from lendstream.events.notification import NotificationEvent
from lendstream.privacy import Vault
from lendstream.topics import CUSTOMER, CUSTOMER_KEY, NOTIFICATION
from support.broker import producer, read_topic
from support.waiting import until
from unit.notifications import stories

VAULT = Vault.from_settings(MASTER_KEYS)
WHOLE = stories.PRINCIPAL + stories.INTEREST
BEFORE = stories.DUE - timedelta(3)
"""The day of the first instalment's first reminder."""


@dataclass
class Person:
    """A customer with one loan."""

    name: str = "王小明"
    mobile: str = "+8613800138000"
    email: str | None = "xiaoming@example.com"
    language: Language = Language.CHINESE
    id: UUID = field(default_factory=uuid4)
    loan: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.key = VAULT.new_key(self.id)

    @property
    def secrets(self) -> list[str]:
        """What must never be readable."""
        return [self.name, self.mobile, self.mobile[1:], *([self.email] if self.email else []), "110101199003070017"]

    @property
    def profile(self) -> CustomerProfile:
        """The sealed profile."""
        identity = Identity(
            identity_number="110101199003070017",
            name=self.name,
            birth_date=date(1990, 3, 7),
            mobile=self.mobile,
            email=self.email,
        )
        return CustomerProfile(
            customer_id=self.id,
            key_id=self.key.key_id,
            ciphertext=VAULT.seal(self.key, self.id, identity.model_dump_json().encode()),
            language=self.language,
            consents=Consents(data_processing=True),
            updated_at=datetime.now(UTC),
        )

    def known(self) -> list[Record]:
        """The records that make the customer known."""
        key: CustomerKey = self.key
        return [record(key), record(self.profile)]

    def erased(self) -> list[Record]:
        """The tombstones."""
        return [
            encode_erasure(Erasure(topic, str(self.id)), id=str(uuid4()), source="test", time=datetime.now(UTC))
            for topic in (CUSTOMER_KEY, CUSTOMER)
        ]

    def opened(self, first_due: date = stories.DUE, count: int = 3, **changes: Any) -> Record:
        """The loan, opened."""
        return record(stories.opened(count, first_due, loan_id=self.loan, customer_id=self.id, **changes))

    def disbursed(self) -> Record:
        """The loan, paid out."""
        return record(stories.disbursed(2, loan_id=self.loan, customer_id=self.id))

    def paid(self, sequence: int, *parts: tuple[int, int, bool]) -> Record:
        """A payment on the loan."""
        return record(stories.paid(sequence, *parts, loan_id=self.loan, customer_id=self.id))

    def told(self, event: LoanEvent) -> Record:
        """Something that happens to the loan."""
        return record(event.model_copy(update={"loan_id": self.loan, "customer_id": self.id}))

    def reminder(self, name: str, instalment: int = 1) -> str:
        """The key of a reminder."""
        return f"{self.loan}/{instalment}/{name}"

    def article(self, kind: str = "article_first_loan") -> str:
        """The key of an article."""
        return f"{self.id}/{kind}"


def record(event: Event, **attributes: Any) -> Record:
    """The event as it is published."""
    return encode(event, **{"id": str(uuid4()), "source": "test", "time": datetime.now(UTC), **attributes})


def day(on: date) -> Record:
    """A business day starts."""
    return record(BusinessDayStarted(lender="lendstream", day=on))


def days(first: date, count: int) -> list[Record]:
    """Business days in a row."""
    return [day(first + timedelta(number)) for number in range(count)]


async def publish(bootstrap: str, *records: Record) -> None:
    """Publish, and wait for the broker to have them."""
    async with producer(bootstrap) as send:
        await send(records)


async def outcomes(bootstrap: str) -> list[Envelope[NotificationEvent]]:
    """What the service published, each event id once."""
    found: dict[str, Envelope[Any]] = {}
    for each in await read_topic(bootstrap, NOTIFICATION.name):
        content = decode(each)
        assert isinstance(content, Envelope)
        found.setdefault(content.id, content)
    return list(found.values())


async def outcome_of(bootstrap: str, *keys: str) -> Sequence[NotificationEvent]:
    """The outcomes of these messages, in this order, once all have one; no key has two."""

    async def all_there() -> list[NotificationEvent]:
        events = [each.data for each in await outcomes(bootstrap)]
        by_key = {each.message_key: each for each in events}
        assert len(by_key) == len(events), "a key has two outcomes"
        return [by_key[key] for key in keys] if set(keys) <= by_key.keys() else []

    return await until(all_there, f"{len(keys)} messages have their outcome")
