"""The outside world, for demos, tests and fault injection.

    async with World("127.0.0.1:9092", seed=7, start=date(2026, 3, 2), directory=folder) as world:
        await world.day(world.today)
        await world.submit(300)
        await world.settle()
        await world.run_days(60)
        print(world.statistics)

The world remembers nothing that is not on the topics or in the journals of its folder. One that is killed and
entered again on the same folder, seed and broker goes on where the first one was. It waits as long as the broker is
away, and reads and writes with new clients when it is back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Self

from lendstream.envelope import Record
from lendstream.runtime.closing import end_task
from lendstream.topics import APPLICATION, CALENDAR, DECISION, INTAKE, INTAKE_RESULT, LOAN, PAYMENT
from lendstream_simulator.actor import Actor, opened
from lendstream_simulator.answers import intake_partner
from lendstream_simulator.audit import Audit, audit
from lendstream_simulator.bank import Bank
from lendstream_simulator.borrowers import Borrowers
from lendstream_simulator.bounces import Bounces
from lendstream_simulator.calendar import Calendar
from lendstream_simulator.debits import DirectDebits
from lendstream_simulator.desk import Desk
from lendstream_simulator.errands import Errands, Operator
from lendstream_simulator.facts import Facts
from lendstream_simulator.follower import Follower, read_topics
from lendstream_simulator.gateways import Gateways
from lendstream_simulator.journal import Delivery, deliveries
from lendstream_simulator.partners import Partners
from lendstream_simulator.progress import Progress
from lendstream_simulator.publisher import Publisher
from lendstream_simulator.refunds import Refunds
from lendstream_simulator.statistics import Statistics, statistics
from lendstream_simulator.submissions import DEFAULT_PARTNERS, Submission, number_of, submission
from lendstream_simulator.waiting import LIMIT, News, UnsettledError

__all__ = ["LIMIT", "DayDone", "UnsettledError", "World"]

_AT_ONCE = 25
"""Submissions that are published together."""
_SHOWN = 5
_BETWEEN_AUDITS = 1.0


@dataclass(frozen=True, slots=True)
class DayDone:
    """What `run_days` tells after each day."""

    day: date
    number: int
    """The how-manieth of the run, from 1."""
    of: int
    statistics: Statistics


class World:
    """Partners, customers, bank and scheduler on Kafka, a mail server and an SMS gateway on 127.0.0.1."""

    def __init__(
        self,
        bootstrap: str,
        *,
        seed: int,
        start: date,
        directory: Path,
        partners: Sequence[str] = DEFAULT_PARTNERS,
        gateways: Gateways | None = None,
        desk: Desk | None = None,
    ) -> None:
        """`desk` is servicing's HTTP; without one nobody asks for a pay-off amount or for relief."""
        self.gateways = gateways or Gateways(directory, seed=seed)
        self.progress = Progress()
        self.calendar = Calendar()
        self.bank = Bank(seed)
        self.borrowers = Borrowers(seed)
        self._bootstrap = bootstrap
        self._seed = seed
        self._start = start
        self._directory = directory
        self._partners = tuple(partners)
        operator = Operator()
        channels = (self.bank, DirectDebits(seed), Refunds(seed), Bounces(seed))
        self._actors: tuple[Actor, ...] = (
            Partners(seed, partners),
            *channels,
            self.borrowers,
            operator,
            self.calendar,
        )
        self._errands = Errands(seed, self.borrowers, operator, desk) if desk else None
        self._publisher = Publisher(bootstrap, "simulator")
        self._follower = Follower(bootstrap, self._topics(), self._see, self._act)
        self._following: asyncio.Task[None] | None = None
        self._news = News()
        self._submitted = 0
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen, and read the topics up to their present ends. Raises UnsettledError."""
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self.gateways)
            await opening.enter_async_context(self._publisher)
            self._following = asyncio.create_task(self._follow())
            opening.push_async_callback(self._stop_following)
            await self._until(lambda: self._follower.caught_up, lambda: "the topics to be read", LIMIT)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def today(self) -> date:
        """The last business day begun, or the day to start with."""
        return self.progress.today or self._start

    @property
    def statistics(self) -> Statistics:
        """How far all got, in figures."""
        mails, texts = self.gateways.delivered
        return statistics(self.progress, self.borrowers.payments, mails, texts)

    def deliveries(self) -> tuple[Delivery, ...]:
        """Every message that reached somebody, by the journals."""
        return deliveries(self._directory)

    async def submit(self, count: int) -> list[Submission]:
        """Publish the next submissions of the script, and return once they stand on the topics."""
        sent: list[Submission] = []
        while len(sent) < count:
            numbers = range(self._submitted, self._submitted + min(_AT_ONCE, count - len(sent)))
            now = datetime.now(UTC)
            made = [
                submission(self._seed, each, partners=self._partners, today=self.today, now=now) for each in numbers
            ]
            self._submitted = numbers.stop
            await self._publish([record for each in made for record in each.records])
            sent += made
        await self._until(lambda: self._follower.reached(self._publisher.confirmed), lambda: "its own records", LIMIT)
        return sent

    async def settle(self, limit: float = LIMIT) -> None:
        """Return once every submission is answered and every accepted offer, payout and payment is carried through.

        What waits for a later business day is left: offers nobody answered, payouts of a later day.

        Raises:
            UnsettledError: not all of it was done within `limit` seconds.
        """
        await self._until(self._settled, self._missing, limit)

    async def day(self, day: date, limit: float = LIMIT) -> None:
        """Begin a business day, and return once servicing has closed it; borrowers pay then. Raises UnsettledError."""
        if day not in self.calendar.started:
            await self._publish([self.calendar.announcement(day)])
        await self._until(lambda: day in self.calendar.closed, lambda: f"the close of {day}", limit)

    async def run_days(
        self,
        count: int,
        on_progress: Callable[[DayDone], None] | None = None,
        *,
        applications: int = 0,
        limit: float = LIMIT,
        digested: Callable[[date], Awaitable[None]] | None = None,
    ) -> None:
        """Run the next days, each until it is settled. Applications come in over the first third of them.

        With `digested` the next day waits until that returns too: for services that tell of a day's end otherwise
        than on a topic.

        Raises:
            UnsettledError: a day was not settled, or not digested, within `limit` seconds.
        """
        intake_days = max(1, count // 3)
        for number in range(count):
            day = self.calendar.next_day(self._start)
            await self.day(day, limit)
            due = applications * min(number + 1, intake_days) // intake_days
            await self.submit(due - applications * min(number, intake_days) // intake_days)
            await self.settle(limit)
            if digested is not None:
                await self._wait_for(digested(day), day, limit)
            if on_progress is not None:
                on_progress(DayDone(day, number + 1, count, self.statistics))

    async def audit(self, limit: float = LIMIT) -> tuple[Facts, Audit]:
        """Read the topics and check everything, again and again until nothing is found or the time is over.

        Messages are sent behind the events, so that one may have arrived and not be recorded yet.
        """
        deadline = asyncio.get_running_loop().time() + limit
        while True:
            records = await read_topics(self._bootstrap, LIMIT)
            found = audit(records, self.deliveries())
            if found.ok or asyncio.get_running_loop().time() > deadline:
                return Facts.of(records), found
            await asyncio.sleep(_BETWEEN_AUDITS)

    async def _wait_for(self, digested: Awaitable[None], day: date, limit: float) -> None:
        try:
            await asyncio.wait_for(digested, limit)
        except TimeoutError as error:
            raise UnsettledError(f"waited {limit:g} s for the services to close {day}") from error

    def _topics(self) -> set[str]:
        families = {family.named(partner) for family in (INTAKE, INTAKE_RESULT) for partner in self._partners}
        return families | {topic.name for topic in (APPLICATION, DECISION, LOAN, PAYMENT, CALENDAR)}

    def _see(self, records: list[Record]) -> None:
        for record in records:
            envelope = opened(record)
            self.progress.see(record, envelope)
            for actor in self._actors:
                actor.see(record, envelope)
            if intake_partner(record.topic) and (number := self._number(record)) is not None:
                self._submitted = max(self._submitted, number + 1)

    def _number(self, record: Record) -> int | None:
        return number_of(self._seed, (record.key or b"").decode("utf-8", "replace"))

    async def _act(self) -> None:
        records = [record for actor in self._actors for record in actor.due()]
        if self._errands is not None:
            records += await self._errands.run()
        await self._publish(records)

    async def _publish(self, records: list[Record]) -> None:
        await self._publisher.publish(records)
        await self._news.tell()

    def _settled(self) -> bool:
        return (
            self._publisher.in_flight == 0
            and self._follower.reached(self._publisher.confirmed)
            and next(self.progress.waiting(self.bank.holds), None) is None
        )

    def _missing(self) -> str:
        missing = list(islice(self.progress.waiting(self.bank.holds), _SHOWN + 1))
        more = " and more" if len(missing) > _SHOWN else ""
        return (", ".join(missing[:_SHOWN]) or "the broker") + more

    async def _until(self, condition: Callable[[], bool], what: Callable[[], str], limit: float) -> None:
        def trouble() -> str:
            return f" (reading: {self._follower.trouble})" if self._follower.trouble else ""

        await self._news.until(lambda: self._still_following() and condition(), lambda: f"{what()}{trouble()}", limit)

    def _still_following(self) -> bool:
        """True; raises what ended the follower, if it has ended."""
        if self._following is not None and self._following.done():
            self._following.result()
        return True

    async def _follow(self) -> None:
        try:
            await self._follower.run()
        finally:
            asyncio.get_running_loop().create_task(self._news.tell())

    async def _stop_following(self) -> None:
        if self._following is not None:
            await end_task(self._following)
