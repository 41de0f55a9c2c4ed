"""What the partners send, as records: submission number n of a seed is always the same, but for its times."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from lendstream.envelope import Envelope, Record, encode
from lendstream.events.base import Event
from lendstream_simulator.applications import application
from lendstream_simulator.faults import FAULTS
from lendstream_simulator.seeded import draw, identifier

DEFAULT_PARTNERS = ("phone-shop", "training-school", "neighbourhood-aid")


class Kind(StrEnum):
    """What is special about a submission."""

    GOOD = "good"
    NEWER_SCHEMA = "newer schema"
    """Good, with fields that today's readers do not know."""
    MALFORMED = "malformed"
    SENT_TWICE = "sent twice"
    """The same reference with the same content again: no second application."""
    CHANGED = "changed"
    """The same reference with another content: to be rejected."""


SHARES = {Kind.NEWER_SCHEMA: 0.03, Kind.MALFORMED: 0.06, Kind.SENT_TWICE: 0.03, Kind.CHANGED: 0.02}
"""The rest is good."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One application as a partner sends it: in one record, or in two when it is repeated or changed."""

    number: int
    partner: str
    reference: str
    kind: Kind
    fault: str
    """Which fault, of a malformed one."""
    records: tuple[Record, ...]


def reference_of(seed: int, number: int) -> str:
    """The partner's reference of a submission."""
    return f"S{seed}-{number:06d}"


def number_of(seed: int, reference: str) -> int | None:
    """The number of the submission that bears the reference, if it is one of this seed's."""
    prefix, _, number = reference.partition("-")
    return int(number) if prefix == f"S{seed}" and number.isdecimal() else None


def submission(seed: int, number: int, *, partners: Sequence[str], today: date, now: datetime) -> Submission:
    """Submission `number`, applied for on the business day `today` at the moment `now`."""
    rng = draw(seed, "submission", number)
    partner, reference = rng.choice(partners), reference_of(seed, number)
    kind = rng.choices([*SHARES, Kind.GOOD], [*SHARES.values(), 1 - sum(SHARES.values())])[0]
    event = application(seed, number, reference=reference, today=today, submitted_at=now, partner=partner)
    good = intake_record(event, partner, now, seed, number)
    fault = ""
    match kind:
        case Kind.MALFORMED:
            fault = rng.choice(list(FAULTS))
            records: tuple[Record, ...] = (FAULTS[fault](good),)
        case Kind.NEWER_SCHEMA:
            records = (_with_unknown_fields(good),)
        case Kind.SENT_TWICE:
            records = (good, intake_record(event, partner, now, seed, number, "again"))
        case Kind.CHANGED:
            changed = event.model_copy(update={"instalments": event.instalments + 1})
            records = (good, intake_record(changed, partner, now, seed, number, "changed"))
        case Kind.GOOD:
            records = (good,)
    return Submission(number, partner, reference, kind, fault, records)


def intake_record(
    event: Event, partner: str, now: datetime, *cause: object, story: Envelope[Event] | None = None
) -> Record:
    """The record of a partner's event: the id follows from its cause.

    It goes on with the story of another event, or begins one, with a trace of its own.
    """
    event_id = identifier(partner, type(event).__name__, *cause)
    return encode(
        event,
        id=str(event_id),
        source=f"partner/{partner}",
        time=now,
        partner=partner,
        correlation_id=story.correlation_id if story else None,
        causation_id=story.id if story else None,
        traceparent=story.traceparent if story else f"00-{event_id.hex}-{event_id.hex[:16]}-01",
    )


def _with_unknown_fields(record: Record) -> Record:
    data = json.loads(record.value or b"{}")
    data |= {"campaign": "spring", "finances": data["finances"] | {"housing": "rent"}}
    return replace(record, value=json.dumps(data, ensure_ascii=False).encode())
