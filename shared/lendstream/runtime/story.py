"""The thread that a record belongs to."""

from dataclasses import dataclass

from lendstream.envelope import Envelope, Tombstone
from lendstream.events.base import Command, Event


@dataclass(frozen=True, slots=True)
class Story:
    """What is copied from a record to those it causes."""

    correlation_id: str | None = None
    """The first event of the story."""
    causation_id: str | None = None
    """The event that is the direct cause."""
    traceparent: str | None = None
    """W3C trace context, as text."""

    @classmethod
    def of(cls, cause: Envelope[Event | Command] | Tombstone) -> "Story":
        """The story that goes on from a record."""
        if isinstance(cause, Tombstone):
            return cls(cause.id, cause.id)
        return cls(cause.correlation_id, cause.id, cause.traceparent)

    def told_as(self, own: "Story | None") -> "Story":
        """The aggregate's own story, where it has one, with this one's direct cause."""
        if own is None or own.correlation_id is None:
            return self
        return Story(own.correlation_id, self.causation_id, own.traceparent)
