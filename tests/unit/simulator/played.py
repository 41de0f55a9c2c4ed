"""A world and a scripted platform, played against each other in memory: a complete story for pure tests."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream_simulator.actor import Actor, opened
from lendstream_simulator.bank import Bank
from lendstream_simulator.borrowers import Borrowers
from lendstream_simulator.bounces import Bounces
from lendstream_simulator.calendar import Calendar
from lendstream_simulator.debits import DirectDebits
from lendstream_simulator.journal import Delivery
from lendstream_simulator.partners import Partners
from lendstream_simulator.progress import Progress
from lendstream_simulator.refunds import Refunds
from lendstream_simulator.submissions import DEFAULT_PARTNERS, submission
from unit.simulator.scripted import Scripted

SEED = 7
START = date(2026, 3, 2)


@dataclass
class Play:
    """Topics of one partition each, and everybody who reads them."""

    seed: int = SEED
    records: list[Record] = field(default_factory=list)
    platform: Scripted = field(default_factory=Scripted)
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self.bank, self.borrowers, self.calendar = Bank(self.seed), Borrowers(self.seed), Calendar()
        channels = (self.bank, DirectDebits(self.seed), Refunds(self.seed), Bounces(self.seed, share=0.35))
        self.actors: tuple[Actor, ...] = (
            Partners(self.seed, DEFAULT_PARTNERS), *channels, self.borrowers, self.calendar
        )  # fmt: skip
        self._queue: deque[Record] = deque()
        self._ends: dict[str, int] = {}
        self._clock = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def publish(self, *records: Record) -> None:
        """Put records on their topics, and let everybody act until nobody has anything to say."""
        self._queue.extend(records)
        while self._queue:
            record = self._placed(self._queue.popleft())
            self.records.append(record)
            envelope = opened(record)
            self.progress.see(record, envelope)
            for actor in self.actors:
                actor.see(record, envelope)
            self._queue.extend(self.platform.answer(record))
            for actor in self.actors:
                self._queue.extend(actor.due())

    def submit(self, first: int, count: int) -> None:
        """Publish submissions of the script."""
        for number in range(first, first + count):
            sent = submission(
                self.seed, number, partners=DEFAULT_PARTNERS, today=self.progress.today or START, now=self._clock
            )
            self.publish(*sent.records)

    def day(self, day: date) -> None:
        """A business day."""
        self.publish(self.calendar.announcement(day))

    def deliveries(self) -> tuple[Delivery, ...]:
        """What reached people."""
        return tuple(Delivery(key, channel.value, key) for key, channel in self.platform.delivered)

    def _placed(self, record: Record) -> Record:
        offset = self._ends.get(record.topic, 0)
        self._ends[record.topic] = offset + 1
        self._clock += timedelta(milliseconds=1)
        return replace(record, partition=0, offset=offset, timestamp=self._clock)


@lru_cache(maxsize=1)
def story() -> Play:
    """Eighty submissions and seventy business days; treat it as read-only."""
    play = Play()
    for number in range(70):
        play.day(START + timedelta(days=number))
        if number < 10:
            play.submit(number * 8, 8)
    return play


@lru_cache(maxsize=1)
def envelopes() -> tuple[Envelope[Event] | None, ...]:
    """The events of the story's records."""
    return tuple(map(opened, story().records))
