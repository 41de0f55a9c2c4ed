"""Publishing to the service and reading what it says, for the tests of its process."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import uuid4

from lendstream.envelope import Envelope, Record, decode, encode
from lendstream.events.application import ApplicationReady
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.decision import ApplicationDecided
from lendstream.events.intake import ApplicationStatus, ApplicationStatusChanged, SubmissionRejected
from lendstream.topics import APPLICATION, INTAKE_RESULT
from support.broker import producer, read_topic
from support.processes import Process
from support.waiting import until
from unit.application import samples

E = TypeVar("E", bound=Event)


def event_record(event: Event, partner: str | None = None) -> Record:
    """The event as somebody publishes it."""
    return encode(event, id=str(uuid4()), source="test", time=datetime.now(UTC), partner=partner)


def submitted(reference: str, partner: str = "phone-shop", **changes: Any) -> Record:
    """A submission as the partner publishes it, submitted now."""
    data = samples.content(reference, **{"submitted_at": datetime.now(UTC).isoformat(), **changes})
    return samples.record(json.dumps(data).encode(), key=reference, partner=partner)


def day(on: date = samples.TODAY) -> Record:
    """The lender's scheduler opens a business day."""
    return event_record(BusinessDayStarted(lender="lendstream", day=on))


async def open_day(service: Process, bootstrap: str, on: date = samples.TODAY) -> None:
    """Open a business day and wait until the service is in it: topics have no order among them."""
    await publish(bootstrap, day(on))
    reached = f"lendstream_business_day {float(on.toordinal())}"
    await until(lambda: reached in service.get("/metrics").text, f"{service.module} is in {on}")


async def publish(bootstrap: str, *records: Record) -> None:
    """Put records on their topics."""
    async with producer(bootstrap) as send:
        await send(records)


async def read(bootstrap: str, topic: str, kind: type[E]) -> list[E]:
    """The events of that type on a topic, each once, in the order of its partitions."""
    found: dict[str, E] = {}
    for each in await read_topic(bootstrap, topic):
        content = decode(each)
        if isinstance(content, Envelope) and isinstance(content.data, kind):
            found.setdefault(content.id, content.data)
    return list(found.values())


async def wait_for(bootstrap: str, topic: str, kind: type[E], count: int = 1) -> list[E]:
    """The events of that type, once there are so many."""

    async def enough() -> list[E]:
        events = await read(bootstrap, topic, kind)
        return events if len(events) >= count else []

    return await until(enough, f"{count} {kind.__name__} on {topic}")


def results(partner: str = "phone-shop") -> str:
    """Where the partner is answered."""
    return INTAKE_RESULT.named(partner)


async def wait_for_status(
    bootstrap: str, status: ApplicationStatus, partner: str = "phone-shop"
) -> ApplicationStatusChanged:
    """The first answer with that status."""

    async def there() -> list[ApplicationStatusChanged]:
        answers = await read(bootstrap, results(partner), ApplicationStatusChanged)
        return [answer for answer in answers if answer.status is status]

    return (await until(there, f"the partner learns {status.value}"))[0]


async def decide(bootstrap: str, asked: Iterable[ApplicationReady], *, approved: bool = True) -> None:
    """Play risk: decide what was asked."""
    await publish(bootstrap, *(event_record(decision_on(each, approved=approved)) for each in asked))


def decision_on(asked: ApplicationReady, *, approved: bool = True) -> ApplicationDecided:
    """Risk's decision on a question."""
    sample = samples.decision(samples.received(), approved=approved)
    return sample.model_copy(
        update={
            "application_id": asked.application_id,
            "customer_id": asked.customer_id,
            "decision_id": uuid4(),
            "asked": asked,
            "submitted_at": asked.submitted_at,
        }
    )


async def asked(bootstrap: str, count: int = 1) -> list[ApplicationReady]:
    """The questions put to risk, once there are so many."""
    return await wait_for(bootstrap, APPLICATION.name, ApplicationReady, count)


async def rejections(bootstrap: str, count: int, partner: str = "phone-shop") -> list[SubmissionRejected]:
    """The rejections the partner was told, once there are so many."""
    return await wait_for(bootstrap, results(partner), SubmissionRejected, count)
