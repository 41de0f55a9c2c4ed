"""What operators and readers get over HTTP, and what the same process takes from its topic.

    python -m benchmarks.http [--json]

One process of servicing on a stack of its own; eight connections that are kept alive, each with one request at a time.
Waivers of what is due, reversals of payments (the loan is derived anew and its books corrected), and loans read with
their schedule and history. There is no route that reports a payment: money comes from the channels' topic, so that is
measured there, as is the opening of loans: from the first record on the topic to the broker's timestamp of the last
event. To set beside: Apache Fineract, 45 to 80 repayments/s over HTTP with a p99 of 150 to 240 ms, 16 loans/s created,
approved and disbursed.
"""

import asyncio
import json
import statistics
import sys
import time
from datetime import date, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import uuid4

import httpx
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.measure import own_stack
from benchmarks.open_loans import agreement, publish
from benchmarks.portfolio import copies, lived, payment, save, servicing
from lendstream.admin import apply_topics
from lendstream.events.loan import LoanEvent, LoanOpened, PaymentApplied
from lendstream.runtime import collector, telemetry
from lendstream.topics import LOAN
from lendstream_local.home import free_ports
from lendstream_local.program import Program
from lendstream_servicing.domain.loan import Loan

CALLS, CONNECTIONS, RECORDS = 2000, 8, 4000
DAY = date(2026, 6, 15)
TOKEN = token_urlsafe()
Asked = list[tuple[str, dict[str, object] | None]]
"""Paths and bodies."""


async def calls(client: httpx.AsyncClient, method: str, asked: Asked) -> list[float]:
    """Seconds of each call, a few at a time; every one must succeed."""
    waiting = iter(asked)
    seconds: list[float] = []

    async def caller() -> None:
        for path, body in waiting:
            started = time.perf_counter()
            answer = await client.request(method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
            seconds.append(time.perf_counter() - started)
            assert answer.status_code == 200, answer.text

    await asyncio.gather(*(caller() for _ in range(CONNECTIONS)))
    return seconds


async def measured(client: httpx.AsyncClient, what: str, method: str, asked: Asked) -> None:
    """Calls a second, and how long they take."""
    await calls(client, method, asked[: len(asked) // 10])
    rest = asked[len(asked) // 10 :]
    started = time.perf_counter()
    seconds = await calls(client, method, rest)
    rate = len(rest) / (time.perf_counter() - started)
    cuts = statistics.quantiles(seconds, n=100)
    show(what, rate, "/s", p50=cuts[49], p99=cuts[98])


def show(what: str, rate: float, unit: str, **times: float) -> None:
    """Print it: for people, or as JSON with --json."""
    if "--json" in sys.argv:
        print(json.dumps({"what": what, "figure": round(rate, 1), "unit": unit, **times}))
        return
    told = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in times.items())
    print(f"{what}: {rate:,.0f} {unit}{', ' + told if told else ''}, none refused")


async def told(bootstrap: str, kind: type[LoanEvent], count: int) -> float:
    """When the last of so many events was told, by the broker's clock."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found, last = 0, 0

    async def enough() -> None:
        nonlocal found, last
        consumer.assign([TopicPartition(LOAN.name, number) for number in range(LOAN.partitions)])
        await consumer.seek_to_beginning()
        while found < count:
            for taken in (await consumer.getmany(timeout_ms=200)).values():
                for record in taken:
                    if dict(record.headers).get("ce_type") == kind.__name__.encode():
                        found, last = found + 1, max(last, record.timestamp)

    try:
        await asyncio.wait_for(enough(), 300)
    finally:
        await consumer.stop()
    return last / 1000


async def topics(bootstrap: str, loans: list[Loan]) -> None:
    """Loans and payments through the same process."""
    agreed = [agreement(uuid4(), number, today=DAY) for number in range(RECORDS)]
    started = time.time()
    await publish(bootstrap, [event for both in agreed for event in both])
    show("loans opened through the topics", RECORDS / (await told(bootstrap, LoanOpened, RECORDS) - started), "loans/s")
    started = time.time()
    await publish(bootstrap, [payment(loan, f"{loan.id}/http", 100, DAY) for loan in loans])
    seconds = await told(bootstrap, PaymentApplied, len(loans)) - started
    show("payments applied through the topic", len(loans) / seconds, "payments/s")


async def main() -> None:
    """Start, measure, print."""
    telemetry.configure("bench", "ERROR", "console")
    collector.calm()
    model = lived(DAY - timedelta(75), 1, DAY)
    loans = list(copies(model, RECORDS))
    with own_stack() as stack:
        await apply_topics(stack.kafka_bootstrap, [])
        dsn = stack.create_database("http")
        async with servicing(dsn, DAY) as (pool, _):
            await save(pool, loans)
        caller = {"name": "bench", "scopes": ["reader", "operator"]}
        environment = {
            "LENDSTREAM_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "LENDSTREAM_DATABASE_URL": dsn,
            "LENDSTREAM_HTTP_PORT": str(port := free_ports(1)[0]),
            "LENDSTREAM_LOG_LEVEL": "WARNING",
            "LENDSTREAM_API_TOKENS": json.dumps({sha256(TOKEN.encode()).hexdigest(): caller}),
        }
        program = Program(stack.home, "servicing", ["-m", "lendstream_servicing.main"], port, environment)
        await asyncio.to_thread(program.start)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{program.url}/v1/loans"
        async with httpx.AsyncClient(base_url=url, limits=limits, headers=bearer, timeout=60) as client:
            some = loans[:CALLS]
            waiver: dict[str, object] = {"parts": ["penalty", "interest"], "up_to": 100, "reason": "goodwill"}
            await measured(client, "waivers over HTTP", "POST", [(f"/{loan.id}/waivers", waiver) for loan in some])
            await measured(client, "loans read over HTTP", "GET", [(f"/{loan.id}", None) for loan in some])
            bounced: dict[str, object] = {"reason": "bounced"}
            reversals: Asked = [(f"/{loan.id}/payments/{loan.entries[0].id}/reversal", bounced) for loan in some]
            await measured(client, "reversals of a payment over HTTP", "POST", reversals)
        await topics(stack.kafka_bootstrap, loans)
        await asyncio.to_thread(program.stop)


if __name__ == "__main__":
    uvloop.run(main())
