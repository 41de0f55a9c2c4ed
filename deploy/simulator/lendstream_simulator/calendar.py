"""The lender's scheduler: opens business days, and knows which of them servicing has closed.

Days are taken as they come, weekends too: interest runs and borrowers pay on every one of them.
"""

from datetime import UTC, date, datetime, timedelta

from lendstream.envelope import Envelope, Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream_simulator.seeded import identifier

LENDER = "lendstream"
SOURCE = "lendstream/scheduler"


class Calendar:
    """Reads and writes lending.calendar.v1."""

    def __init__(self, lender: str = LENDER) -> None:
        self._lender = lender
        self.started: set[date] = set()
        """Days that were opened."""
        self.closed: set[date] = set()
        """Days that servicing has closed."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold the lender's days."""
        if envelope is None:
            return
        match envelope.data:
            case BusinessDayStarted(lender=self._lender, day=day):
                self.started.add(day)
            case BusinessDayClosed(lender=self._lender, day=day):
                self.closed.add(day)

    def due(self) -> list[Record]:
        """Nothing: whoever runs the world says when a day begins."""
        return []

    def announcement(self, day: date) -> Record:
        """The record that opens a day: the same one, however often it is published."""
        return encode(
            BusinessDayStarted(lender=self._lender, day=day),
            id=str(identifier("day", self._lender, day)),
            source=SOURCE,
            time=datetime.now(UTC),
        )

    def next_day(self, start: date) -> date:
        """The day after the last one opened, but not before `start`."""
        return max(start, max(self.started) + timedelta(days=1)) if self.started else start
