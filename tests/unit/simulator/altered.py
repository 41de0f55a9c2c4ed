"""The whole story with a record lost, doubled or changed: what an audit must be able to find."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from lendstream.envelope import Envelope, Record
from lendstream.events.base import Event
from lendstream_simulator.audit import Audit, audit
from lendstream_simulator.findings import Fault
from lendstream_simulator.journal import Delivery
from unit.simulator.played import envelopes, story

Pick = Callable[[Envelope[Event]], bool]


def audited(records: list[Record], deliveries: tuple[Delivery, ...] | None = None) -> Audit:
    return audit(records, story().deliveries() if deliveries is None else deliveries)


def faults(found: Audit) -> set[Fault]:
    return {each.fault for each in found.findings}


def any_of(_: Envelope[Event]) -> bool:
    return True


def place(kind: type[Event], pick: Pick = any_of) -> int:
    """Where the first such event stands among the story's records."""
    for number, envelope in enumerate(envelopes()):
        if envelope is not None and type(envelope.data) is kind and pick(envelope):
            return number
    raise AssertionError(f"no {kind.__name__} in the story")


def without(kind: type[Event], pick: Pick = any_of) -> list[Record]:
    records, number = story().records, place(kind, pick)
    return [*records[:number], *records[number + 1 :]]


def with_id(record: Record, id: str) -> Record:
    headers = tuple((name, id.encode() if name == "ce_id" else value) for name, value in record.headers)
    return replace(record, headers=headers, offset=10**6)


def with_double(kind: type[Event], pick: Pick = any_of) -> list[Record]:
    """The event said again, as an event of its own."""
    records = story().records
    return [*records, with_id(records[place(kind, pick)], str(uuid4()))]


def with_change(kind: type[Event], change: Callable[[dict[str, Any]], object], pick: Pick = any_of) -> list[Record]:
    records, number = list(story().records), place(kind, pick)
    data = json.loads(records[number].value or b"{}")
    change(data)
    records[number] = replace(records[number], value=json.dumps(data).encode())
    return records


def found(audit: Audit) -> set[str]:
    """The rules that are broken."""
    return {each.what for each in audit.findings}
