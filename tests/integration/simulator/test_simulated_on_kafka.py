"""The whole outside world on a real broker, against a scripted platform."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from integration.simulator.bridge import Providers, scripted_platform
from lendstream.envelope import encode
from lendstream.events.intake import OfferAccepted, OfferInstalment, OfferMade
from lendstream_local.stack import Stack
from lendstream_simulator.actor import opened
from lendstream_simulator.follower import read_topics
from lendstream_simulator.gateways import Gateways
from lendstream_simulator.partners import Answer, answer
from lendstream_simulator.submissions import DEFAULT_PARTNERS
from lendstream_simulator.world import UnsettledError, World
from support.broker import fresh_topics, producer, read_topic
from support.processes import free_port
from support.waiting import until

SEED = 7
START = date(2026, 3, 2)


@pytest.fixture
async def bootstrap(kafka_bootstrap: str) -> str:
    """A broker whose topics are empty."""
    await fresh_topics(kafka_bootstrap, DEFAULT_PARTNERS)
    return kafka_bootstrap


@pytest.fixture
def ports() -> Providers:
    """Where the mail server and the SMS gateway are to listen."""
    return Providers(free_port(), free_port())


def world(bootstrap: str, directory: Path, ports: Providers | None = None) -> World:
    gateways = Gateways(directory, seed=SEED, smtp_port=ports.smtp_port, sms_port=ports.sms_port) if ports else None
    return World(bootstrap, seed=SEED, start=START, directory=directory, gateways=gateways)


def offer(reference: str) -> OfferMade:
    row = OfferInstalment(number=1, due_date=date(2026, 4, 2), principal=100_000, interest=0, fee=0, total=100_000)
    return OfferMade(
        partner="phone-shop", reference=reference, application_id=uuid4(), offer_id=uuid4(), product="cash-small",
        amount=100_000, currency="CNY", annual_rate=Decimal("0.18"), method="equal_instalment", instalments=(row,),
        total_interest=0, upfront_fee=0, total_fees=0, total_to_repay=100_000, apr=Decimal("0.18"), valid_until=START,
    )  # fmt: skip


async def test_an_offer_is_accepted_once(bootstrap: str, tmp_path: Path) -> None:
    reference = next(
        f"R-{number}" for number in range(100) if answer(SEED, "phone-shop", f"R-{number}") is Answer.ACCEPTS
    )
    made = offer(reference)
    record = encode(made, id=str(uuid4()), source="lendstream/application", time=datetime.now(UTC))
    async with producer(bootstrap) as send:
        await send([record])

    async def accepted() -> list[OfferAccepted]:
        found = map(opened, await read_topic(bootstrap, "lending.intake.phone-shop.v1"))
        return [each.data for each in found if each is not None and isinstance(each.data, OfferAccepted)]

    async with world(bootstrap, tmp_path):
        await until(accepted, "the offer is accepted")
    async with world(bootstrap, tmp_path) as again:  # reads that the customer has answered
        await again.submit(1)
    (found,) = await accepted()
    assert (found.reference, found.offer_id) == (reference, made.offer_id)


async def test_submissions_go_on_where_the_last_world_was(bootstrap: str, tmp_path: Path) -> None:
    async with world(bootstrap, tmp_path) as first:
        sent = await first.submit(30)
    async with world(bootstrap, tmp_path) as second:
        assert second.statistics.submitted == sum(len({r.value for r in each.records}) for each in sent)
        (following,) = await second.submit(1)
    assert following.number == 30


async def test_tells_what_it_waits_for(bootstrap: str, tmp_path: Path) -> None:
    async with world(bootstrap, tmp_path) as outside:
        await outside.submit(1)
        with pytest.raises(UnsettledError, match="the answer to S7-000000"):
            await outside.settle(limit=0.5)
        with pytest.raises(UnsettledError, match="the close of 2026-03-02"):
            await outside.day(START, limit=0.5)


async def test_a_run_is_carried_through_and_its_books_balance(bootstrap: str, tmp_path: Path, ports: Providers) -> None:
    days: list[date] = []
    async with scripted_platform(bootstrap, DEFAULT_PARTNERS, ports), world(bootstrap, tmp_path, ports) as outside:
        await outside.run_days(40, lambda done: days.append(done.day), applications=40)
        statistics = outside.statistics
        _, found = await outside.audit()
    assert found.findings == ()
    assert found.ok
    assert len(days) == 40
    assert statistics.submitted >= 40
    assert statistics.received == statistics.approved + statistics.declined
    assert statistics.loans == statistics.accepted == statistics.payouts > 10
    assert statistics.applied > 5
    assert statistics.mails + statistics.texts == statistics.loans
    assert statistics.to_decision.count == statistics.received
    assert statistics.to_loan.p99 >= statistics.to_loan.p50 > 0


def more_days(outside: World, closed: int) -> bool:
    """Whether more than so many days have been closed."""
    return len(outside.calendar.closed) > closed


async def test_nothing_is_lost_when_the_broker_is_killed(stack: Stack, tmp_path: Path, ports: Providers) -> None:
    bootstrap = stack.kafka_bootstrap
    await fresh_topics(bootstrap, DEFAULT_PARTNERS)
    async with scripted_platform(bootstrap, DEFAULT_PARTNERS, ports), world(bootstrap, tmp_path, ports) as outside:
        for _ in range(2):
            before = len(outside.calendar.closed)
            running = asyncio.create_task(outside.run_days(8, applications=24))
            await until(partial(more_days, outside, before + 1), "days have passed")
            stack.kafka.kill()
            submitting = asyncio.create_task(outside.submit(5))
            await asyncio.to_thread(stack.kafka.start)
            await asyncio.gather(running, submitting)
        await outside.run_days(20)
        _, found = await outside.audit()
    assert found.findings == ()
    assert outside.statistics.loans > 10


async def simulator(*arguments: str) -> Process:
    """The command, in a process of its own."""
    command = (sys.executable, "-m", "lendstream_simulator.main", *arguments)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL)


async def ended(process: Process) -> tuple[int, str]:
    """Its exit code and what it printed."""
    output, _ = await asyncio.wait_for(process.communicate(), 240)
    return process.returncode or 0, output.decode()


@pytest.fixture
async def options(bootstrap: str, tmp_path: Path, ports: Providers) -> AsyncIterator[list[str]]:
    """Options of `run`, beside a platform that answers."""
    async with scripted_platform(bootstrap, DEFAULT_PARTNERS, ports):
        yield [
            *("--bootstrap", bootstrap, "--seed", str(SEED), "--directory", str(tmp_path)),
            *("--smtp-port", str(ports.smtp_port), "--sms-port", str(ports.sms_port)),
        ]


async def test_the_command_runs_reports_and_judges(options: list[str], bootstrap: str, tmp_path: Path) -> None:
    code, output = await ended(await simulator("run", *options, "--applications", "20", "--days", "36"))
    assert code == 0, output
    for part in ("From submission to loan", "One borrower's story", "The books", "nothing lost, nothing doubled"):
        assert part in output
    read = ("--bootstrap", bootstrap, "--directory", str(tmp_path))
    code, output = await ended(await simulator("report", *read))
    assert (code, "The book" in output) == (0, True)
    code, output = await ended(await simulator("audit", *read, "--json"))
    assert (code, json.loads(output)["ok"]) == (0, True)
    loan = next(each for each in await read_topics(bootstrap) if each.header("ce_type") == "LoanOpened")
    headers = tuple((name, str(uuid4()).encode() if name == "ce_id" else value) for name, value in loan.headers)
    async with producer(bootstrap) as send:
        await send([replace(loan, headers=headers)])
    code, output = await ended(await simulator("audit", *read))
    assert code == 1
    assert re.search(r"doubled: one loan an accepted offer", output)


async def test_a_killed_run_is_taken_up_again(options: list[str], bootstrap: str) -> None:
    process = await simulator("run", *options, "--applications", "30", "--days", "200")

    async def loans() -> bool:
        return any(each.header("ce_type") == "LoanDisbursed" for each in await read_topic(bootstrap, "lending.loan.v1"))

    await until(loans, "a loan is paid out")
    process.kill()
    await process.wait()
    code, output = await ended(await simulator("run", *options, "--applications", "10", "--days", "36"))
    assert code == 0, output


async def test_the_command_says_what_is_missing(kafka_bootstrap: str, tmp_path: Path) -> None:
    await fresh_topics(kafka_bootstrap, DEFAULT_PARTNERS)
    read = ("--bootstrap", kafka_bootstrap, "--directory", str(tmp_path), "--limit", "2", "--days", "1")
    code, output = await ended(await simulator("run", *read))
    assert code == 2
    assert "the close of 2026-03-02" in output
    code, output = await ended(await simulator("audit", "--bootstrap", f"127.0.0.1:{free_port()}"))
    assert code == 2
    assert "does not answer" in output
