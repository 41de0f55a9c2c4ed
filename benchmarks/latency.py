"""Seconds from submission to decision and to loan, with every service on this machine.

    python -m benchmarks.latency [--json]

First the capacity: so many applications at once, until the last approved one has its loan. Then applications at half of
it, each at its own moment whatever became of those before; each approved one is accepted as soon as its offer is there.
Times are counted from the moment the partner hands the record to its producer to the broker's timestamp of the decision
and of the loan's opening.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict
from uuid import UUID, uuid4

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.measure import until
from lendstream.envelope import Record, encode
from lendstream.events.decision import ApplicationDecided, Outcome
from lendstream.events.intake import OfferAccepted, OfferMade
from lendstream.events.loan import LoanOpened
from lendstream.runtime.producer import new_producer
from lendstream.runtime.records import from_kafka
from lendstream.topics import DECISION, INTAKE_RESULT, LOAN
from lendstream_local.platform import Platform
from lendstream_simulator.applications import application
from lendstream_simulator.submissions import intake_record

BURST, SECONDS, WARM_UP = 1500, 30, 1500
"""Until it is warm, the broker's virtual machine spends as much on compiling itself as on its work."""
GOAL_P99 = 0.5
TODAY = datetime.now(UTC).date()
"""No business day is started here: the lender's day is that of the events."""


class Watch:
    """Follows the topics: accepts every offer, and notes when decisions and loans came."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self.sent: dict[str, float] = {}
        self.decided: dict[str, float] = {}
        self.opened: dict[str, float] = {}
        self.approved: set[str] = set()
        self.listening = False

    async def follow(self, bootstrap: str, topics: list[str]) -> None:
        """Until cancelled."""
        # who watches takes as little as possible of the processors that are measured: no fetch for a record or two
        gather = {"fetch_max_wait_ms": 50, "fetch_min_bytes": 131_072}
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="latest", **gather)
        await consumer.start()
        try:
            cluster = await consumer._client.fetch_all_metadata()
            consumer.assign([TopicPartition(t, n) for t in topics for n in cluster.partitions_for_topic(t)])
            await consumer.seek_to_end()
            self.listening = True
            while True:
                for taken in (await consumer.getmany(timeout_ms=200)).values():
                    for each in taken:
                        await self._see(from_kafka(each))
        finally:
            await consumer.stop()

    async def _see(self, record: Record) -> None:
        """Plain JSON: checking each event as a service does would take a tenth of the processors that are measured."""
        kind, at = record.header("ce_type"), record.timestamp
        if kind not in (OfferMade.__name__, ApplicationDecided.__name__, LoanOpened.__name__) or at is None:
            return
        event = json.loads(record.value or b"")
        if kind == OfferMade.__name__:
            now = datetime.now(UTC)
            accepted = OfferAccepted(reference=event["reference"], offer_id=UUID(event["offer_id"]), accepted_at=now)
            partner = event["partner"]
            await send(
                self._producer,
                encode(accepted, id=str(uuid4()), source=f"partner/{partner}", time=now, partner=partner),
            )
        elif kind == ApplicationDecided.__name__:
            story = record.header("ce_correlationid") or ""
            if story not in self.decided and event["outcome"] == Outcome.APPROVED.value:
                self.approved.add(event["application_id"])
            self.decided.setdefault(story, at.timestamp())
        else:
            self.opened.setdefault(event["reference"], at.timestamp())

    def to_decision(self, ids: dict[str, str]) -> list[float]:
        """Seconds from submission to decision, of these records by reference."""
        return [self.decided[record] - self.sent[record] for record in ids.values() if record in self.decided]

    def to_loan(self, ids: dict[str, str]) -> list[float]:
        """Seconds from submission to the loan's opening."""
        return [self.opened[ref] - self.sent[record] for ref, record in ids.items() if ref in self.opened]


async def send(producer: AIOKafkaProducer, record: Record) -> None:
    """Hand a record to the producer."""
    await producer.send(record.topic, record.value, record.key, headers=list(record.headers))


def submission(run: str, number: int, partners: tuple[str, ...]) -> Record:
    """A good application."""
    now = datetime.now(UTC)
    event = application(17, number, reference=f"{run}-{number}", today=TODAY, submitted_at=now)
    return intake_record(event, partners[number % len(partners)], now, run, number)


async def submit(watch: Watch, producer: AIOKafkaProducer, record: Record) -> str:
    """Send it, and note when."""
    identifier = record.header("ce_id") or ""
    watch.sent[identifier] = time.time()
    await send(producer, record)
    return identifier


async def burst(watch: Watch, producer: AIOKafkaProducer, run: str, count: int, partners: tuple[str, ...]) -> float:
    """All at once, accepted as soon as offered; applications a second, to the last loan."""
    records = [submission(run, number, partners) for number in range(count)]
    started = time.time()
    ids = {str(n): await submit(watch, producer, record) for n, record in enumerate(records)}
    await until(lambda: len(watch.to_decision(ids)) == count, "the burst is decided")
    await until(lambda: len(watch.approved) == len(watch.opened), "every approved application has its loan")
    return count / (max(watch.opened.values()) - started)


async def steady(
    watch: Watch, producer: AIOKafkaProducer, rate: float, partners: tuple[str, ...]
) -> tuple[list[float], list[float]]:
    """At a steady rate; seconds to decision and to loan."""
    ids: dict[str, str] = {}
    count = int(rate * SECONDS)
    records = [submission("steady", number, partners) for number in range(count)]
    started = time.monotonic()
    for number, record in enumerate(records):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        ids[(record.key or b"").decode()] = await submit(watch, producer, record)
    await until(lambda: len(watch.to_decision(ids)) == count, "all is decided")
    await until(lambda: len(watch.approved) == len(watch.opened), "every approved application has its loan")
    return watch.to_decision(ids), watch.to_loan(ids)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50 and p99."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"count": len(seconds), "p50": round(cuts[49], 3), "p99": round(cuts[98], 3)}


class Found(TypedDict):
    """What was measured."""

    capacity: int
    rate: int
    decision: dict[str, float]
    loan: dict[str, float]


async def measure(platform: Platform) -> Found:
    """Capacity, then latency at half of it."""
    bootstrap, partners = platform.stack.kafka_bootstrap, platform.partners
    producer = new_producer(bootstrap, "benchmark")
    await producer.start()
    watch = Watch(producer)
    topics = [DECISION.name, LOAN.name, *(INTAKE_RESULT.named(partner) for partner in partners)]
    following = asyncio.create_task(watch.follow(bootstrap, topics))
    try:
        await until(lambda: watch.listening, "the watch listens")
        await burst(watch, producer, "warm-up", WARM_UP, partners)
        capacity = await burst(watch, producer, "burst", BURST, partners)
        await asyncio.sleep(10)  # what the burst left under way, notifications too
        decision, loan = await steady(watch, producer, capacity / 2, partners)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await producer.stop()
    return Found(
        capacity=round(capacity), rate=round(capacity / 2), decision=percentiles(decision), loan=percentiles(loan)
    )


def main() -> None:
    """Start the platform, measure, print."""
    home = Path(tempfile.mkdtemp(prefix="lendstream-bench-"))
    platform = Platform.start(home, temporary=True)
    try:
        found = uvloop.run(measure(platform))
    finally:
        platform.stop(remove=True)
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    print(f"capacity, all services on this machine: {found['capacity']} applications/s, approved ones to their loans")
    print(f"at half of it ({found['rate']}/s for {SECONDS} s):")
    print(f"  submission to decision: {found['decision']}")
    print(f"  submission to loan, acceptance included: {found['loan']}")
    p99 = found["decision"]["p99"]
    print(f"  p99 to decision {p99:.3f} s (goal {GOAL_P99}: {'met' if p99 < GOAL_P99 else 'MISSED'})")


if __name__ == "__main__":
    main()
