"""The handler contract, in a minute.

    def open_loan(state: Loan | None, event: OfferAccepted, context: Context) -> Decision[Loan]:
        if state is not None and state.opened:
            return Decision(state)                           # seen before: nothing changes
        if event.amount > ...:
            raise Refused("amount_over_approval", "...")     # a rule says no
        loan = ...
        return Decision(loan, (LoanOpened(...), DisbursementRequested(...)))

- A handler is pure: frozen values in, frozen values out. No I/O, no clock, no randomness: the time, the business
  date and the ids are in the context. It is called again for the same event when a batch is redone.
- `state` is None when the aggregate does not exist yet. Returning the very same object saves nothing.
- The events are published in the order given, after the state is saved, exactly when it is saved.
- A `Route` says which event goes to which aggregate. One event may have several routes; each sees its own
  aggregate, and all of them succeed or fail together.
- A `Command` that came over HTTP is routed and answered just like an event; a refusal is its answer.

What may be raised, and what it does to the record:

`Refused`, `DataError`
    The record is at fault. It goes to the dead letters with every reason (on an intake topic: an answer to its
    partner instead); its state is untouched; the batch goes on.
any other exception in a handler
    A bug shows on this record: the same, with the traceback. Limits stop the consumer when too many follow each other.
the database refuses the saved values
    The batch is redone one record at a time; the poison goes to the dead letters.
the database or the broker is away
    Nothing is lost or skipped: the batch is redone with growing pauses, for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from lendstream.envelope import Erasure
from lendstream.events.base import Command, Event
from lendstream.runtime.sql import Connection
from lendstream.runtime.story import Story
from lendstream.topics import Topic

S = TypeVar("S")

__all__ = ["Change", "Connection", "Context", "DayStep", "Decision", "Route", "Store"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may know besides its state and its event."""

    now: datetime
    """The moment of processing, UTC: for timestamps in events, never for dates."""
    business_date: date
    """The lender's business day: the last one started; before the first, the event's date in the lender's zone."""
    event_id: str
    """The id of the event handled (ce_id)."""
    event_time: datetime
    """When the event happened (ce_time)."""
    partner: str | None = None
    """On intake topics, the partner whose topic it is."""
    channel: str = "topic"
    """How it came: topic or http."""
    correlation_id: str | None = None
    """The story the event belongs to: for what is published later than in this transaction."""
    traceparent: str | None = None
    """W3C trace context of the event, for the same."""


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """A handler's answer: the new state and the events to publish."""

    state: S | None
    events: Sequence[Event | Erasure] = ()
    story: Story | None = None
    """The aggregate's own story, for the events: a bank's record of a payment does not know to which it belongs."""


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """What a store is asked to save: before is None where the aggregate is new."""

    before: S | None
    after: S


class Store(Protocol[S]):
    """Loads and saves many aggregates of one kind in a few set-based statements, inside the given transaction."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, S]:
        """The aggregates that exist, their rows locked (FOR UPDATE) in the order of their ids."""
        ...

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[S]]) -> None:
        """Save all; may raise any asyncpg error: on bad data the batch is redone one record at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Which event goes to which aggregate, and the function that answers it."""

    on: type[Event] | type[Command] | Topic
    """The event or command; or a compacted topic, whose tombstones are meant (the handler then gets a `Tombstone`)."""
    store: Store[Any]
    """The aggregate's store."""
    key: Callable[[Any, Context], UUID | None]
    """The aggregate's id; None: this event does not concern the aggregate. Pure, may raise like a handler."""
    handle: Callable[[Any, Any, Context], Decision[Any]]
    """The domain function."""


@dataclass(frozen=True, slots=True)
class DayStep:
    """What a service does to every aggregate on a business day, in chunks: the day close, expiry, reminders."""

    store: Store[Any]
    """The aggregates' store."""
    due: Callable[[Connection, date, int], "Any"]
    """Async: the ids of up to `limit` aggregates that this day still has to touch. The walk ends when it finds
    none, so what `handle` saves must take an aggregate out of it (say, by an `aged_through` date)."""
    handle: Callable[[Any, date, Context], Decision[Any]]
    """The domain function: (state, day, context) -> Decision. Must change the state of every aggregate found due."""
    close: Callable[[Connection, date, Context], "Any"] | None = None
    """Async: the events to publish when the day is done, in the transaction that marks it done."""
