"""Orders that a bank answers once each, on their day: a fold that knows which are still to be answered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from lendstream.envelope import Envelope
from lendstream.events.base import Event

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Order(Generic[E]):
    """One order, and the day on which it is answered."""

    id: UUID
    event: E
    answer_on: date
    envelope: Envelope[Event]


@dataclass(slots=True)
class Orders(Generic[E]):
    """The orders of one kind. Before the first business day every order's day has come."""

    today: date | None = None
    _held: dict[UUID, Order[E]] = field(default_factory=dict)
    _answered: set[UUID] = field(default_factory=set)

    def take(self, order: Order[E]) -> None:
        """An order came; one that was answered is known."""
        if order.id not in self._answered:
            self._held[order.id] = order

    def answered(self, id: UUID) -> None:
        """Somebody, perhaps this bank before it was started again, has answered the order."""
        self._answered.add(id)
        self._held.pop(id, None)

    def forget(self, which: Callable[[E], bool]) -> None:
        """Orders that ask for nothing any more."""
        self._held = {key: order for key, order in self._held.items() if not which(order.event)}

    def begin(self, day: date) -> None:
        """A business day began."""
        self.today = max(day, self.today or day)

    def ready(self) -> Iterator[tuple[Order[E], date]]:
        """The orders whose day has come, with the day of the answer; each is named once."""
        for order in [each for each in self._held.values() if self.today is None or each.answer_on <= self.today]:
            self.answered(order.id)
            yield order, max(order.answer_on, self.today or order.answer_on)

    def holds(self, which: Callable[[E], bool]) -> bool:
        """Whether such an order waits for a later business day."""
        return any(which(order.event) for order in self._held.values())
