"""Decisions a second through the Faust worker, against the floor: a bare consume-decide-produce loop.

    python -m benchmarks.risk [--events 20000]

Both take the same records from the same broker, decode them, decide with the same function and publish the same
decisions, each in a process of its own, one after the other. The worker also writes each customer's state to its
changelog, confirms every record and acknowledges in order; the floor keeps its state in a dictionary and loses it.
The clock runs from the first decision to the last, by the timestamps that the producers gave them.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import psutil
import typer
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from lendstream.admin import apply_topics
from lendstream.envelope import Envelope, decode, encode
from lendstream.events.application import ApplicantFacts, ApplicationReady
from lendstream.events.intake import BureauSummary, EmploymentStatus, Finances
from lendstream.runtime.producer import new_producer
from lendstream.runtime.records import from_kafka
from lendstream.topics import APPLICATION, DECISION
from lendstream_local.stack import Stack
from lendstream_risk import policies
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide

GOAL = 0.4
_CUSTOMERS = UUID("7c1a4c0a-9f0e-5f5e-8a53-6a1c3f0b2d11")


def main(events: int = 20_000, bootstrap: str = "", floor: bool = False) -> None:
    """Run both and print what they reached."""
    if floor:
        uvloop.run(_floor(bootstrap))
        return
    with tempfile.TemporaryDirectory() as folder, _broker(bootstrap, Path(folder)) as address:
        uvloop.run(_prepare(address, events))
        environment = os.environ | {
            "LENDSTREAM_KAFKA_BOOTSTRAP": address,
            "LENDSTREAM_DATA_DIR": folder,
            "LENDSTREAM_HTTP_PORT": "0",
            "LENDSTREAM_LOG_LEVEL": "WARNING",
        }
        bare = _run(address, events, [__spec__.name, "--floor", "--bootstrap", address], environment)
        worker = _run(address, events, ["lendstream_risk.main"], environment)
    ratio = worker.rate / bare.rate
    print(f"risk, Faust worker   {worker}")
    print(f"risk, bare aiokafka  {bare} (floor)")
    print(f"ratio {ratio:.2f} (goal >= {GOAL}: {'reached' if ratio >= GOAL else 'missed'})")
    print(f"ratio by processor time alone {bare.processor / worker.processor:.2f}")


@dataclass(frozen=True)
class Speed:
    """What a run reached."""

    rate: float
    """Decisions a second."""
    processor: float
    """Seconds of processor time a decision, all threads of the process."""

    def __str__(self) -> str:
        return f"{self.rate:8,.0f} decisions/s, {self.processor * 1e6:6,.0f} us of processor time each"


@contextmanager
def _broker(bootstrap: str, folder: Path) -> Iterator[str]:
    if bootstrap:
        yield bootstrap
        return
    stack = Stack.start(folder / "stack", postgres=False, durable=False, die_with_parent=True)
    try:
        yield stack.kafka_bootstrap
    finally:
        stack.stop(remove=True)


async def _prepare(bootstrap: str, events: int) -> None:
    await apply_topics(bootstrap, [])
    producer = new_producer(bootstrap, "benchmark")
    await producer.start()
    for number in range(events):
        record = encode(_application(number), id=str(uuid4()), source="benchmark", time=datetime.now(UTC))
        await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
    await producer.stop()


def _application(number: int) -> ApplicationReady:
    """Four applications a customer; every fifth asks for more than its income carries."""
    return ApplicationReady(
        application_id=uuid4(),
        customer_id=uuid5(_CUSTOMERS, str(number // 4)),
        partner="phone-shop",
        product="cash-small",
        amount=500_000 if number % 5 else 2_000_000,
        currency="CNY",
        instalments=12,
        applicant=ApplicantFacts(
            age=34,
            finances=Finances(
                employment_status=EmploymentStatus.EMPLOYED, employment_months=30, monthly_income=450_000
            ),
            bureau=BureauSummary(
                source="benchmark",
                open_accounts=3,
                delinquencies_24m=0,
                inquiries_12m=1,
                history_months=60,
                credit_limit=2_000_000,
                credit_used=400_000,
            ),
        ),
        business_date=date(2026, 3, 2),
        submitted_at=datetime.now(UTC),
    )


def _run(bootstrap: str, events: int, command: list[str], environment: dict[str, str]) -> Speed:
    before = uvloop.run(_ends(bootstrap))
    process = psutil.Popen([sys.executable, "-m", *command], env=environment)
    try:
        return uvloop.run(_speed(bootstrap, before, events, process))
    finally:
        process.terminate()
        process.wait(60)


async def _speed(bootstrap: str, before: dict[int, int], events: int, process: psutil.Popen) -> Speed:
    """Watch the decisions come until all are there."""
    began: tuple[int, float] | None = None
    while (count := sum((await _ends(bootstrap)).values()) - sum(before.values())) < events:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        if count and began is None:
            began = count, _processor_time(process)
        await asyncio.sleep(0.25)
    if began is None:
        raise SystemExit("too few events to measure")
    processor = (_processor_time(process) - began[1]) / (count - began[0])
    times = await _timestamps(bootstrap, before)
    return Speed((len(times) - 1) * 1000 / (max(times) - min(times)), processor)


def _processor_time(process: psutil.Popen) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


async def _ends(bootstrap: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        places = [TopicPartition(DECISION.name, number) for number in range(DECISION.partitions)]
        return {place.partition: offset for place, offset in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()


async def _timestamps(bootstrap: str, before: dict[int, int]) -> list[int]:
    """When each decision since then was made, in milliseconds."""
    after = await _ends(bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(DECISION.name, number) for number in before])
        for number, offset in before.items():
            consumer.seek(TopicPartition(DECISION.name, number), offset)
        times: list[int] = []
        while len(times) < sum(after.values()) - sum(before.values()):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                times += (record.timestamp for record in records)
        return times
    finally:
        await consumer.stop()


async def _floor(bootstrap: str) -> None:
    """Consume, decide, produce, commit: nothing more."""
    rulebook = policies.load()
    customers: dict[bytes, Customer] = {}
    consumer = AIOKafkaConsumer(
        APPLICATION.name,
        bootstrap_servers=bootstrap,
        group_id="benchmark-floor",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = new_producer(bootstrap, "benchmark-floor")
    await producer.start()
    await consumer.start()
    while True:
        batch = await consumer.getmany(timeout_ms=1000, max_records=500)
        for taken in batch.values():
            for each in taken:
                envelope = decode(from_kafka(each))
                if not isinstance(envelope, Envelope) or not isinstance(envelope.data, ApplicationReady):
                    continue
                customer, decided = decide(customers.get(each.key, Customer()), envelope.data, rulebook)
                customers[each.key] = customer
                record = encode(
                    decided,
                    id=str(decided.decision_id),
                    source="floor",
                    time=datetime.now(UTC),
                    causation_id=envelope.id,
                )
                await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
        await producer.flush()
        if batch:
            await consumer.commit()


if __name__ == "__main__":
    typer.run(main)
