"""From a record of the broker to an item of work: decoded, or with the error that will be told."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from lendstream.envelope import Envelope, Record, Tombstone, decode
from lendstream.errors import DataError, FieldError
from lendstream.events.base import Command, Event
from lendstream.topics import INTAKE

_INTAKE = INTAKE.name.split("<")[0]


@dataclass(slots=True)
class Item:
    """A record on its way through a batch."""

    record: Record
    inbox_id: UUID
    content: Envelope[Event | Command] | Tombstone | None
    """None: another reader's event, or (with an error) one that could not be decoded."""
    error: Exception | None = None


def inbox_id(record: Record) -> UUID:
    """A digest of topic, ce_id and value: the same id with another content is another record."""
    digest = blake2b(record.topic.encode(), digest_size=16)
    digest.update((record.header("ce_id") or record.place).encode())
    digest.update(b"\0" if record.value is None else record.value)
    return UUID(bytes=digest.digest())


def read(record: Record, wanted: Container[type[Event]] | None = None) -> Item:
    """Decode a record, if it is of a wanted type; an error becomes part of the item."""
    item = Item(record, inbox_id(record), None)
    try:
        item.content = decode(record, wanted)
        if item.content is None and record.topic.startswith(_INTAKE) and _is_unknown(record):
            known = ", ".join(event.__name__ for event in INTAKE.events)
            shown = (record.header("ce_type") or "")[:80]
            raise DataError(
                FieldError(
                    "headers.ce_type",
                    "unknown_type",
                    f"The type {shown!r} is not on this topic.",
                    f"Send one of: {known}.",
                )
            )
    except DataError as error:
        item.error = error
    return item


def _is_unknown(record: Record) -> bool:
    return INTAKE.event_type(record.header("ce_type") or "") is None


def read_all(records: Sequence[Record], wanted: Container[type[Event]] | None = None) -> list[Item]:
    """Decode a batch, in order."""
    return [read(record, wanted) for record in records]
