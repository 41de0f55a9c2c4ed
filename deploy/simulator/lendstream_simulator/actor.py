"""What every actor of the outside world is: a fold over topics, and what it owes because of it.

An actor keeps nothing but what it has read. `see` folds a record; `due` names the records it ought to publish and
has not yet, by what the topics say: an actor that starts again reads what it said before and says the rest. Its ids
and contents follow from their causes, so that what it may say twice is the same record.
"""

from typing import Protocol

from lendstream.envelope import Envelope, Record, decode
from lendstream.errors import DataError
from lendstream.events.base import Event


class Actor(Protocol):
    """One of the outside world."""

    def see(self, record: Record, envelope: Envelope[Event] | None) -> None:
        """Fold a record of any topic; the envelope is None where the record holds no event of the contract."""
        ...

    def due(self) -> list[Record]:
        """What is to be published now. Each record is named once in the actor's life."""
        ...


def opened(record: Record) -> Envelope[Event] | None:
    """The event of a record, or None: a tombstone, an event of a newer contract, or no event at all."""
    try:
        content = decode(record)
    except DataError:
        return None
    return content if isinstance(content, Envelope) else None
