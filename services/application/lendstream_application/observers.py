"""Metrics of events, once they are committed."""

from datetime import UTC, datetime

from lendstream.events.application import ApplicationReceived
from lendstream.events.base import Event
from lendstream.runtime.metrics import STORY_SECONDS


def observe_received(event: Event) -> None:
    """How long a submission took to be taken in."""
    if isinstance(event, ApplicationReceived):
        waited = (datetime.now(UTC) - event.submitted_at).total_seconds()
        STORY_SECONDS.labels("received").observe(max(waited, 0))
