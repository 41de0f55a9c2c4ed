"""The dead letters on the broker, each with its state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lendstream import dead_letter
from lendstream.cli.broker import reader
from lendstream.dead_letter import DeadLetter, Resolution
from lendstream.envelope import Record
from lendstream.errors import DataError
from lendstream.topics import DEAD_LETTER, UnknownTopic, find


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and what was done about it, if anything."""

    letter: DeadLetter
    resolution: Resolution | None = None
    seen: int = 1
    """How often the same record failed."""

    @property
    def state(self) -> str:
        """open, retried or dropped."""
        return self.resolution.action.value if self.resolution else "open"


def fold(records: Iterable[Record]) -> tuple[list[Letter], list[Record]]:
    """The dead letters of a topic's records in their order, and the records that are none.

    The last word about an id counts: a record that fails again after it was resolved is open again.
    """
    letters: dict[object, Letter] = {}
    strange = []
    for record in records:
        try:
            found = dead_letter.parse(record)
        except DataError:
            strange.append(record)
            continue
        if isinstance(found, DeadLetter):
            before = letters.pop(found.id, None)
            letters[found.id] = Letter(found, seen=before.seen + 1 if before else 1)
        elif found.resolves in letters:
            letters[found.resolves] = replace(letters[found.resolves], resolution=found)
    return list(letters.values()), strange


async def load(bootstrap: str, service: str | None) -> tuple[list[Letter], list[Record]]:
    """All dead letters of a service, or of all services, the oldest first; and the records that are none."""

    def wanted(name: str) -> bool:
        try:
            topic, parameter = find(name)
        except UnknownTopic:
            return False
        return topic is DEAD_LETTER and service in (None, parameter)

    async with reader(bootstrap, wanted) as source:
        await source.start()
        return fold([record async for record in source.history()])


class NotFound(LookupError):
    """No dead letter, or more than one, has an id that begins so."""


def by_id(letters: Sequence[Letter], prefix: str) -> Letter:
    """The dead letter whose id begins so. Raises NotFound."""
    found = [each for each in letters if str(each.letter.id).startswith(prefix.lower())]
    if len(found) != 1:
        many = f"{len(found)} dead letters have ids that begin with" if found else "no dead letter has the id"
        raise NotFound(f"{many} {prefix}; `lendstream dlq list --all` shows them")
    return found[0]
