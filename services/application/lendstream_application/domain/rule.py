"""What a rule may know besides its state and its event, and what it answers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from lendstream.envelope import Erasure
from lendstream.events.base import Event

S = TypeVar("S")
Answer = tuple[S, Sequence[Event | Erasure]]
"""The new state and the events to publish; the very same state when nothing changes."""


class Context(Protocol):
    """The part of the runtime's context that the rules here read."""

    @property
    def now(self) -> datetime:
        """The moment of processing, UTC."""

    @property
    def business_date(self) -> date:
        """The lender's business day."""

    @property
    def partner(self) -> str | None:
        """The partner it came from."""

    @property
    def correlation_id(self) -> str | None:
        """The story the event belongs to."""

    @property
    def traceparent(self) -> str | None:
        """Its W3C trace context."""
