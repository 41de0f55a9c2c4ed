"""All that topics say, read once: each event counted once, however often it was delivered."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar, cast

from lendstream.dead_letter import DeadLetter, parse
from lendstream.envelope import Envelope, Record
from lendstream.errors import DataError
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.topics import DEAD_LETTER, UnknownTopic, find
from lendstream_simulator.actor import opened
from lendstream_simulator.answers import Answers, intake_partner
from lendstream_simulator.latency import Stopwatch

E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Facts:
    """Distinct events: one whose id was on its topic before is a redelivery."""

    answers: Answers = field(default_factory=Answers)
    redelivered: Counter[str] = field(default_factory=Counter)
    """By type: records that repeat the id of an earlier one."""
    unreadable: list[Record] = field(default_factory=list)
    """Records that are no event, on topics that only the platform writes."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    times: dict[int, datetime] = field(default_factory=dict)
    """When the broker got an event, by its place in `every`."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    every: list[Envelope[Event]] = field(default_factory=list)
    """Every distinct event, in the order of the records."""
    _events: dict[type[Event], list[Envelope[Event]]] = field(default_factory=lambda: defaultdict(list))
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Facts":
        """Read records; those of one partition in their order."""
        facts = cls()
        for record in records:
            facts._add(record)
        return facts

    def all(self, kind: type[E]) -> Sequence[Envelope[E]]:
        """Every distinct event of a type."""
        return cast("Sequence[Envelope[E]]", self._events.get(kind, ()))

    def data(self, kind: type[E]) -> list[E]:
        """The same without their envelopes."""
        return [each.data for each in self.all(kind)]

    @property
    def last_day(self) -> date | None:
        """The last business day begun."""
        return max((each.day for each in self.data(BusinessDayStarted)), default=None)

    def _add(self, record: Record) -> None:
        if _is_dead_letter_topic(record.topic):
            self._add_dead_letter(record)
            return
        envelope = opened(record)
        self.answers.see(record, envelope)
        if envelope is None:
            if record.value is not None and not intake_partner(record.topic):
                self.unreadable.append(record)
            return
        key = record.topic, envelope.source, envelope.id
        if key in self._seen:
            self.redelivered[envelope.type] += 1
            return
        self._seen.add(key)
        if record.timestamp:
            self.times[len(self.every)] = record.timestamp
        self.stopwatch.see(record, envelope)
        self.every.append(envelope)
        self._events[type(envelope.data)].append(envelope)

    def _add_dead_letter(self, record: Record) -> None:
        try:
            letter = parse(record)
        except DataError:
            self.unreadable.append(record)
            return
        if isinstance(letter, DeadLetter):
            self.dead_letters.append(letter)


def _is_dead_letter_topic(topic: str) -> bool:
    try:
        return find(topic)[0] is DEAD_LETTER
    except UnknownTopic:
        return False
