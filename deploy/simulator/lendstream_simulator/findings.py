"""What the audit reports."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from lendstream.events.base import Event
from lendstream_simulator.facts import Facts
from lendstream_simulator.journal import Delivery

T = TypeVar("T")


class Fault(StrEnum):
    """What kind of wrong it is."""

    LOST = "lost"
    """A cause without its effect."""
    DOUBLED = "doubled"
    """Two effects of one cause."""
    UNFOUNDED = "unfounded"
    """An effect without its cause."""
    WRONG = "wrong"
    """Figures that contradict each other."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    fault: Fault
    what: str
    """The rule that is broken, as `one loan an accepted offer`."""
    about: str
    """Which application, loan, payment, message ..."""

    def __str__(self) -> str:
        return f"{self.fault}: {self.what}: {self.about}"


Deliveries = tuple[Delivery, ...] | None
Check = Callable[[Facts, Deliveries], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check, and what must be on the topics for it to say anything."""

    check: Check
    about: str = ""
    """What it looks at, for people: `debit orders`."""
    needs: tuple[type[Event], ...] = ()
    """The types of which at least one must be there; without any the rule is not checked, and the audit says so."""

    def unchecked(self, facts: Facts) -> str | None:
        """Why the rule has nothing to look at, if it has not."""
        if not self.needs or any(facts.all(kind) for kind in self.needs):
            return None
        return f"{self.about}: no {' or '.join(kind.__name__ for kind in self.needs)}"


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    """Items by key, in their order."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def one_each(what: str, causes: Iterable[Hashable], effects: Iterable[Hashable]) -> Iterator[Finding]:
    """Every cause has exactly one effect, and every effect a cause."""
    expected = set(causes)
    found = grouped(effects, lambda each: each)
    yield from (Finding(Fault.LOST, what, str(each)) for each in expected - found.keys())
    yield from (Finding(Fault.UNFOUNDED, what, str(each)) for each in found.keys() - expected)
    yield from doubles(what, found)


def at_most_one(what: str, effects: Iterable[Hashable]) -> Iterator[Finding]:
    """No two of the same."""
    yield from doubles(what, grouped(effects, lambda each: each))


def doubles(what: str, groups: dict[Hashable, list[T]]) -> Iterator[Finding]:
    """A finding for every group of more than one."""
    for about, members in groups.items():
        if len(members) > 1:
            yield Finding(Fault.DOUBLED, what, f"{about} ({len(members)} times)")
