"""Instances of risk, and what they published."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

from lendstream.envelope import Envelope, Record, decode
from lendstream.events.application import ApplicationReady
from lendstream.events.base import Event
from lendstream.events.decision import ApplicationDecided
from lendstream.topics import APPLICATION, DEAD_LETTER, DECISION
from lendstream_risk import policies
from lendstream_risk.domain.customer import Customer
from lendstream_risk.handlers import HANDLERS
from support.broker import Positions, producer, read_topic
from support.processes import Process
from support.risk import records
from support.waiting import until

LETTERS = DEAD_LETTER.named("risk")
RULEBOOK = policies.load()


class Workers:
    """Makes instances of one group and talks to their topics."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self._folder = folder
        self._group = f"risk-{uuid4()}"
        self._made: list[Process] = []
        self._found: dict[UUID, set[tuple[str, bytes]]] = defaultdict(set)
        self._read: Positions = {}

    def make(self, **settings: str) -> Process:
        """An instance, not yet started, with a data folder of its own."""
        name = f"risk-{len(self._made)}"
        environment = {
            "LENDSTREAM_KAFKA_BOOTSTRAP": self.bootstrap,
            "LENDSTREAM_CONSUMER_GROUP": self._group,
            "LENDSTREAM_DATA_DIR": str(self._folder / name),
            **settings,
        }
        self._made.append(Process("lendstream_risk.main", environment, self._folder / f"{name}.log"))
        return self._made[-1]

    def kill(self) -> None:
        """End all of them."""
        for process in self._made:
            process.kill()

    async def publish(self, *events: Event) -> None:
        """Publish events as their owners would."""
        await self.send(records(*events))

    async def send(self, what: Iterable[Record]) -> None:
        """Publish records as they are."""
        async with producer(self.bootstrap) as send:
            await send(what)

    async def decisions(self) -> dict[UUID, ApplicationDecided]:
        """The decision of each application; fails if any was published twice and not the same, or under two ids."""
        found = self._found
        for record in await read_topic(self.bootstrap, DECISION.name, after=self._read):
            envelope = decode(record)
            assert isinstance(envelope, Envelope)
            assert isinstance(envelope.data, ApplicationDecided)
            assert envelope.id == str(envelope.data.decision_id)
            found[envelope.data.application_id].add((envelope.id, record.value or b""))
        for application_id, versions in found.items():
            assert len(versions) == 1, f"{application_id} was decided in two ways: {versions}"
        return {
            application_id: ApplicationDecided.model_validate_json(value)
            for application_id, versions in found.items()
            for _, value in versions
        }

    async def decided(self, *asked: ApplicationReady, limit: float = 120) -> list[ApplicationDecided]:
        """Wait for the decisions of these applications."""
        wanted = {each.application_id for each in asked}

        async def all_there() -> dict[UUID, ApplicationDecided]:
            found = await self.decisions()
            return found if wanted <= found.keys() else {}

        found = await until(all_there, f"{len(wanted)} applications are decided", limit)
        return [found[each.application_id] for each in asked]

    async def letters(self, count: int) -> list[Record]:
        """Wait for so many dead letters."""

        async def there() -> tuple[list[Record], ...]:
            found = await read_topic(self.bootstrap, LETTERS)
            return (found,) if len(found) >= count else ()

        (found,) = await until(there, f"there are {count} dead letters")
        return found

    async def expected(self) -> dict[UUID, bytes]:
        """What the rules say to the application topic, record by record: no crash, no repetition, no state lost."""
        customers: dict[bytes | None, Customer] = defaultdict(Customer)
        said: dict[UUID, bytes] = {}
        for record in await read_topic(self.bootstrap, APPLICATION.name):
            envelope = decode(record)
            assert isinstance(envelope, Envelope)
            customers[record.key], events = HANDLERS[type(envelope.data)](
                customers[record.key], envelope.data, RULEBOOK
            )
            for event in events:
                if isinstance(event, ApplicationDecided):
                    said[event.application_id] = event.model_dump_json().encode()
        return said

    async def assert_as_expected(self) -> None:
        """Every application has the one decision that the rules say, exposure included."""
        expected = await self.expected()

        async def all_there() -> dict[UUID, ApplicationDecided]:
            found = await self.decisions()
            return found if found.keys() >= expected.keys() else {}

        found = await until(all_there, f"{len(expected)} applications are decided", 300)
        assert {key: each.model_dump_json().encode() for key, each in found.items()} == expected
