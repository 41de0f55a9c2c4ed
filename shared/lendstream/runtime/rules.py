"""What a service answers: its routes by event, and its answer to an invalid record of a partner."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from lendstream.envelope import Envelope, Record, Tombstone
from lendstream.errors import DataError
from lendstream.events.base import Command, Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.runtime.decider import Route
from lendstream.topics import Topic

AnswerInvalid = Callable[[Record, DataError, str | None], Sequence[Event]]
Observer = Callable[[Event], None]


@dataclass(frozen=True)
class Rules:
    """The rules of one service."""

    service: str
    routes: tuple[Route, ...]
    lender: str
    zone: ZoneInfo
    answer_invalid: AnswerInvalid | None = None
    published: Mapping[type[Event], Observer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table: dict[type[Event] | type[Command] | str, list[Route]] = defaultdict(list)
        for route in self.routes:
            table[route.on.name if isinstance(route.on, Topic) else route.on].append(route)
        object.__setattr__(self, "_table", dict(table))

    def of(self, content: Envelope[Event | Command] | Tombstone) -> Sequence[Route]:
        """The routes of an event, a command or a tombstone."""
        table: dict[type[Event] | type[Command] | str, list[Route]] = self.__dict__["_table"]
        return table.get(content.topic.name if isinstance(content, Tombstone) else type(content.data), ())

    @cached_property
    def events(self) -> frozenset[type[Event]]:
        """The events that concern the service: no other is even read."""
        return frozenset(
            {
                BusinessDayStarted,
                *(route.on for route in self.routes if isinstance(route.on, type) and issubclass(route.on, Event)),
            }
        )

    @property
    def source(self) -> str:
        """ce_source of what the service publishes."""
        return f"lendstream/{self.service}"
