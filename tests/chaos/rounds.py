"""Rounds of chaos: days pass and applications flow while processes die; then all settles, and the books are read."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from chaos.books import compare, pending, read_books
from chaos.strikes import Storm, Strike
from lendstream_local.platform import Platform
from lendstream_simulator.desk import Desk
from lendstream_simulator.findings import Fault, Finding
from lendstream_simulator.gateways import Gateways
from lendstream_simulator.world import World
from support.waiting import until

LIMIT = 300.0
START = date(2026, 3, 2)
# A crash's doubt about a mail, and a missing decision, are settled in seconds here, not in minutes.
IMPATIENT = {
    "application": {"LENDSTREAM_DECISION_PATIENCE_SECONDS": "5"},
    "notifications": {"LENDSTREAM_SEND_TIMEOUT_SECONDS": "2", "LENDSTREAM_IN_DOUBT_AFTER_SECONDS": "20"},
}


@dataclass(frozen=True)
class Round:
    """What was found after a round."""

    number: int
    seconds: float
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    unchecked: tuple[str, ...]
    """What could not be looked at, because nothing of its kind is on the topics."""


@dataclass
class Outcome:
    """A whole run."""

    strikes: list[Strike] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    loans: int = 0
    """Opened in the whole run."""
    payments: int = 0
    """Applied in the whole run."""

    @property
    def findings(self) -> list[Finding]:
        """Of all rounds."""
        return [finding for each in self.rounds for finding in each.findings]


async def run(
    platform: Platform, *, rounds: int, applications: int, days: int, seed: int, tell: Callable[[str], None] = print
) -> Outcome:
    """Run rounds on a platform that is up. `applications` in all; `days` business days a round."""
    outcome = Outcome()
    storm = Storm(platform, random.Random(seed), strikes=outcome.strikes)
    directory = Path(platform.journals)
    gateways = Gateways(directory, seed=seed, elsewhere=True)
    async with World(
        platform.stack.kafka_bootstrap,
        seed=seed,
        start=START,
        directory=directory,
        partners=platform.partners,
        gateways=gateways,
        desk=Desk(platform.programs["servicing"].url, platform.secrets.operator_token),
    ) as world:
        for number in range(1, rounds + 1):
            started = time.monotonic()
            calm = asyncio.Event()
            raging = asyncio.create_task(storm.rage(number, calm))
            share = applications * number // rounds - applications * (number - 1) // rounds
            try:
                await world.run_days(days, applications=share, limit=LIMIT)
            finally:
                calm.set()
                await raging
            outcome.rounds.append(await _settle_and_audit(platform, world, number, started))
            outcome.loans, outcome.payments = world.statistics.loans, world.statistics.applied
            last = outcome.rounds[-1]
            tell(f"round {number}: {len(storm.strikes)} kills, {last.seconds:.0f} s, {len(last.findings)} findings")
    return outcome


async def _settle_and_audit(platform: Platform, world: World, number: int, started: float) -> Round:
    dsn = platform.stack.postgres_dsn
    programs = platform.programs.values()
    await until(lambda: all(program.probe("/health/ready") for program in programs), "every service is ready", LIMIT)
    await world.settle(LIMIT)

    async def idle() -> bool:
        return not await pending(dsn)

    await until(idle, "outboxes and messages are through", LIMIT)
    facts, audit = await world.audit()
    uneven = [
        Finding(Fault.WRONG, each.name, f"{each.left} and {each.right}") for each in audit.balances if not each.even
    ]
    findings = (*audit.findings, *uneven, *compare(facts, await read_books(dsn)))
    return Round(number, time.monotonic() - started, findings, dict(audit.counts), audit.unchecked)
