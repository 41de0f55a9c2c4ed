"""A message: what is queued for a customer, and what became of it. Never two messages of one key."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from lendstream.events.intake import Language
from lendstream.events.notification import Channel, NotificationSkipped, SkipReason


class Occasion(Protocol):
    """When and in whose story something happens: the runtime's Context is one."""

    @property
    def now(self) -> datetime: ...
    @property
    def business_date(self) -> date: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def traceparent(self) -> str | None: ...


class State(StrEnum):
    """Where a message stands. It moves only forward, except that a try that failed puts it back into the queue."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed over, or about to be: committed before the first byte leaves."""
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message tells of what happened, by the names that its templates use. Nothing in it tells who it is."""

    amounts: Mapping[str, int] = field(default_factory=dict)
    """Minor units of the loan's currency."""
    days: Mapping[str, date] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    """Codes that a template chooses its words by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one customer. It holds no direct identifier: those are read when it is handed over."""

    key: str
    customer_id: UUID
    kind: str
    planned_for: date
    """The business day it is meant for."""
    queued_on: date
    """The business day on which it was queued."""
    channel: Channel
    """The channel it takes, or took."""
    created_at: datetime
    next_attempt_at: datetime
    """Not tried before."""
    loan_id: UUID | None = None
    instalment: int | None = None
    """The instalment that it reminds of; None: it is no reminder."""
    due_date: date | None = None
    """The due date that it reminds of."""
    facts: Facts | None = None
    """What happened, where it tells of that."""
    state: State = State.QUEUED
    reason: str | None = None
    """Why it was skipped or failed, or what went wrong last."""
    attempts: int = 0
    """How often it was handed over."""
    first_attempt_at: datetime | None = None
    claimed_at: datetime | None = None
    """Since when an instance holds it, while it is `sending`; the instance knows its claim by this moment."""
    fell_back: bool = False
    """Whether the preferred channel is ruled out."""
    in_doubt: bool = False
    """Whether an earlier try may have gone out although nobody confirmed it."""
    language: Language | None = None
    finished_at: datetime | None = None
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def about(self) -> dict[str, Any]:
        """The fields that its events share."""
        return {
            "message_key": self.key,
            "customer_id": self.customer_id,
            "loan_id": self.loan_id,
            "kind": self.kind,
            "instalment": self.instalment,
        }

    @property
    def finished(self) -> bool:
        """Whether it has its outcome."""
        return self.state in (State.SENT, State.SKIPPED, State.FAILED)


def skip(message: Message, reason: SkipReason, now: datetime) -> tuple[Message, NotificationSkipped]:
    """The message, not to be sent after all."""
    skipped = replace(message, state=State.SKIPPED, reason=reason.value, claimed_at=None, finished_at=now)
    return skipped, NotificationSkipped(**message.about, reason=reason)
