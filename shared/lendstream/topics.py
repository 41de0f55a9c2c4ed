"""THE registry of topics: name, key, events, owner, readers, partitions, retention, personal data.

A topic's name may hold one parameter, `<partner>` or `<service>`: `lending.intake.<partner>.v1` is a family of
topics, one a partner. Several event types of one aggregate share a topic, so that their order holds.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache

from lendstream.events import (
    application,
    calendar,
    customer,
    decision,
    intake,
    ledger,
    loan,
    notification,
    payment,
    review,
)
from lendstream.events.base import Event

FOREVER = None
SEGMENT = timedelta(hours=6)
"""How much a topic with personal data writes into one file before the next."""
_PARAMETER = re.compile(r"<(\w+)>")


class UnknownTopic(LookupError):
    """The registry has no such topic; see `lendstream topics list`."""


@dataclass(frozen=True)
class Topic:
    """A topic, or a family of topics where the name has a parameter."""

    name: str
    """The name on the broker, as `lending.intake.<partner>.v1`."""
    purpose: str
    """What is on it, in a sentence."""
    key: str
    """The field of the events that is the record's key."""
    events: tuple[type[Event], ...]
    """The events on it; their class names are the types on the wire."""
    owner: str
    """Who writes it."""
    readers: tuple[str, ...]
    """Who reads it."""
    partitions: int = 6
    """Partitions at creation; topics keyed by customer share one number, so that they are co-partitioned."""
    retention: timedelta | None = FOREVER
    """How long records are kept; FOREVER where the topic is the record of the business."""
    compacted: bool = False
    """Whether only the last record of each key is kept (a tombstone erases it)."""
    personal_data: str = "none"
    """none, pseudonymous, encrypted or direct."""
    max_message_bytes: int = field(default=1_048_588)
    """The largest record the broker takes."""

    @cached_property
    def parameter(self) -> str | None:
        """The name's parameter, `partner` or `service`, if it is a family."""
        found = _PARAMETER.search(self.name)
        return found.group(1) if found else None

    @cached_property
    def family(self) -> str:
        """The name without its parameter, as `lending.intake.v1`: for folders, addresses and titles."""
        return _PARAMETER.sub("", self.name).replace("..", ".")

    @cached_property
    def pattern(self) -> str:
        """A regular expression that matches the names of the family, its parameter as a named group."""
        return "^" + _PARAMETER.sub(r"(?P<\1>[a-z0-9][a-z0-9-]{1,39})", re.escape(self.name)) + "$"

    def named(self, parameter: str) -> str:
        """The name of the family's member for a partner or a service."""
        return _PARAMETER.sub(parameter, self.name)

    def event_type(self, name: str) -> type[Event] | None:
        """The event of that type on this topic, or None."""
        return self._by_type.get(name)

    @cached_property
    def _by_type(self) -> dict[str, type[Event]]:
        return {event.__name__: event for event in self.events}

    @property
    def config(self) -> dict[str, str]:
        """The broker's settings of the topic."""
        retention = -1 if self.retention is None else int(self.retention.total_seconds() * 1000)
        config = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(retention),
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.compacted or self.personal_data == "direct":
            # the broker deletes and compacts closed segments only, and closes one by itself after a week
            config["segment.ms"] = str(int(SEGMENT.total_seconds() * 1000))
        if self.compacted:
            # an erased value is gone a day later; its tombstone stays for readers that were away for weeks
            config["max.compaction.lag.ms"] = str(24 * 3600 * 1000)
            config["delete.retention.ms"] = str(30 * 24 * 3600 * 1000)
        return config

    @property
    def longest_kept(self) -> timedelta | None:
        """The longest that a record stays: a segment goes whole, when the last of it is over. FOREVER, if it does."""
        return None if self.retention is None else self.retention + SEGMENT


INTAKE = Topic(
    name="lending.intake.<partner>.v1",
    purpose="What a channel partner submits. Kept for three days: it is the one place where identifiers are in clear.",
    key="reference",
    events=(intake.ApplicationSubmitted, intake.OfferAccepted, intake.ApplicationWithdrawn),
    owner="partner",
    readers=("application",),
    partitions=3,
    retention=timedelta(days=3),
    personal_data="direct",
)
INTAKE_RESULT = Topic(
    name="lending.intake-result.<partner>.v1",
    purpose="What the partner is answered: status, offers, and every reason for a rejection.",
    key="reference",
    events=(intake.SubmissionRejected, intake.ApplicationStatusChanged, intake.OfferMade),
    owner="application",
    readers=("partner",),
    partitions=3,
    retention=timedelta(days=30),
    personal_data="pseudonymous",
)
APPLICATION = Topic(
    name="lending.application.v1",
    purpose="The life of applications up to the acceptance of the offer.",
    key="customer_id",
    events=(
        application.ApplicationReceived,
        application.ApplicationReady,
        review.ReviewCompleted,
        application.OfferAccepted,
        application.ApplicationWithdrawn,
        application.ApplicationExpired,
    ),
    owner="application",
    readers=("risk", "servicing", "analytics"),
    personal_data="pseudonymous",
)
DECISION = Topic(
    name="lending.decision.v1",
    purpose="Decisions with their reasons and inputs, limits, early warnings and recommendations.",
    key="customer_id",
    events=(
        decision.ApplicationDecided,
        decision.ShadowDecided,
        decision.LimitChanged,
        decision.RiskAlertRaised,
        decision.NextOfferRecommended,
    ),
    owner="risk",
    readers=("application", "servicing", "notifications", "analytics"),
    personal_data="pseudonymous",
)
LOAN = Topic(
    name="lending.loan.v1",
    purpose="The life of loans; each event has a per-loan sequence without gaps.",
    key="customer_id",
    events=(
        loan.LoanOpened,
        loan.DisbursementRequested,
        loan.LoanDisbursed,
        loan.LoanCancelled,
        loan.PaymentRequested,
        loan.PaymentApplied,
        loan.PaymentReallocated,
        loan.PaymentUndone,
        loan.InstalmentOverdue,
        loan.LateFeeCharged,
        loan.LateFeeReversed,
        loan.DelinquencyChanged,
        loan.LoanRescheduled,
        loan.AmountWaived,
        loan.WaiverUndone,
        loan.HardshipRequested,
        loan.LoanChargedOff,
        loan.RefundRequested,
        loan.RefundPaid,
        loan.LoanClosed,
        loan.LoanReopened,
    ),
    owner="servicing",
    readers=("risk", "application", "notifications", "payment channels", "analytics"),
    personal_data="pseudonymous",
)
PAYMENT = Topic(
    name="lending.payment.v1",
    purpose="What payment channels report: money in, payouts done or failed.",
    key="loan_id",
    events=(
        payment.PaymentReceived,
        payment.PaymentFailed,
        payment.PaymentReversed,
        payment.DisbursementConfirmed,
        payment.DisbursementFailed,
        payment.RefundConfirmed,
        payment.RefundFailed,
    ),
    owner="payment channels",
    readers=("servicing",),
    personal_data="pseudonymous",
)
LEDGER = Topic(
    name="lending.ledger.v1",
    purpose="The books: balanced double entries, each chain of them linked by hashes.",
    key="book",
    events=(ledger.JournalPosted,),
    owner="servicing",
    readers=("finance", "analytics"),
    personal_data="pseudonymous",
)
CUSTOMER = Topic(
    name="lending.customer.v1",
    purpose="Each customer's profile, encrypted under the customer's own key.",
    key="customer_id",
    events=(customer.CustomerProfile,),
    owner="application",
    readers=("notifications",),
    compacted=True,
    personal_data="encrypted",
)
CUSTOMER_KEY = Topic(
    name="lending.customer-key.v1",
    purpose="Each customer's data key, wrapped by the master key; its tombstone erases the person.",
    key="customer_id",
    events=(customer.CustomerKey,),
    owner="application",
    readers=("notifications",),
    compacted=True,
    personal_data="encrypted",
)
NOTIFICATION = Topic(
    name="lending.notification.v1",
    purpose="What was sent to customers, or why not.",
    key="customer_id",
    events=(notification.NotificationSent, notification.NotificationSkipped, notification.NotificationFailed),
    owner="notifications",
    readers=("risk", "analytics"),
    personal_data="pseudonymous",
)
CALENDAR = Topic(
    name="lending.calendar.v1",
    purpose="The lender's business days.",
    key="lender",
    events=(calendar.BusinessDayStarted, calendar.BusinessDayClosed),
    owner="scheduler, servicing",
    readers=("application", "servicing", "notifications"),
    partitions=1,
)
DEAD_LETTER = Topic(
    name="lending.dead-letter.<service>.v1",
    purpose="Records a service could not handle: the original bytes, and why.",
    key="the original record's key",
    events=(),
    owner="each service",
    readers=("operators",),
    partitions=1,
    retention=timedelta(days=30),
    personal_data="direct",
    max_message_bytes=2_097_152,
)

TOPICS: tuple[Topic, ...] = (
    INTAKE,
    INTAKE_RESULT,
    APPLICATION,
    DECISION,
    LOAN,
    PAYMENT,
    LEDGER,
    CUSTOMER,
    CUSTOMER_KEY,
    NOTIFICATION,
    CALENDAR,
    DEAD_LETTER,
)
SERVICES: tuple[str, ...] = ("application", "risk", "servicing", "notifications")

_COMPILED = tuple((re.compile(topic.pattern), topic) for topic in TOPICS)
_TOPIC_OF: dict[type[Event], Topic] = {event: topic for topic in TOPICS for event in topic.events}


@lru_cache(maxsize=4096)
def find(name: str) -> tuple[Topic, str | None]:
    """The topic of a name on the broker, and its parameter (partner or service) where it is of a family.

    Raises:
        UnknownTopic: the registry has none of that name.
    """
    for pattern, topic in _COMPILED:
        if found := pattern.match(name):
            return topic, found.group(topic.parameter) if topic.parameter else None
    raise UnknownTopic(f"no topic {name!r} in the registry; `lendstream topics list` shows them")


def topic_of(event: type[Event]) -> Topic:
    """The topic that an event travels on.

    Raises:
        UnknownTopic: no topic lists the event.
    """
    try:
        return _TOPIC_OF[event]
    except KeyError:
        raise UnknownTopic(f"{event.__module__}.{event.__name__} is on no topic; add it to lendstream.topics") from None


def address(event: Event, partner: str | None = None) -> tuple[str, str]:
    """The topic's name and the record's key of an event to publish.

    Intake events do not name their partner, so whoever publishes one says which partner it is.
    """
    topic = topic_of(type(event))
    key = str(getattr(event, topic.key))
    return (topic.named(partner or getattr(event, topic.parameter)) if topic.parameter else topic.name), key


def expand(partners: Iterable[str]) -> dict[str, Topic]:
    """Every topic's name on the broker, for these partners and all services."""
    members = {"partner": sorted(set(partners)), "service": list(SERVICES)}
    return {
        (topic.named(member) if member else topic.name): topic
        for topic in TOPICS
        for member in (members[topic.parameter] if topic.parameter else [""])
    }
