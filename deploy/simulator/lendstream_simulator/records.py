"""Records of the payment channels: what banks say to the lender."""

from datetime import UTC, datetime
from uuid import UUID

from lendstream.envelope import Envelope, Record, encode
from lendstream.events.base import Event


def channel_record(event: Event, id: UUID, source: str, cause: Envelope[Event] | None) -> Record:
    """The record of an event, going on with the story of what caused it, or beginning one with a trace of its own."""
    return encode(
        event,
        id=str(id),
        source=source,
        time=datetime.now(UTC),
        correlation_id=cause.correlation_id if cause else None,
        causation_id=cause.id if cause else None,
        traceparent=cause.traceparent if cause else f"00-{id.hex}-{id.hex[:16]}-01",
    )
