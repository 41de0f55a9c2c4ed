"""The outbox's rows: records to publish, written in the transaction that saves the state they tell of."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime

import uuid_utils

from lendstream.envelope import Erasure, Headers, Record, encode, encode_erasure
from lendstream.events.base import Event
from lendstream.runtime.sql import Connection
from lendstream.runtime.story import Story

_COLUMNS = ("id", "aggregatetype", "aggregateid", "type", "payload", "headers")
Row = tuple[str, str, bytes | None, str, bytes | None, list[str]]
_BASE64 = ";base64"


def event_row(event: Event | Erasure, source: str, now: datetime, story: Story) -> Row:
    """The row of an event, with a new id (UUIDv7)."""
    identifier = str(uuid_utils.uuid7())
    if isinstance(event, Erasure):
        record = encode_erasure(
            event,
            id=identifier,
            source=source,
            time=now,
            correlation_id=story.correlation_id,
            traceparent=story.traceparent,
        )
        return record_row(identifier, "Erased", record)
    record = encode(
        event,
        id=identifier,
        source=source,
        time=now,
        correlation_id=story.correlation_id,
        causation_id=story.causation_id,
        traceparent=story.traceparent,
    )
    # What encode wrote is text without a NUL: nothing has to be looked at twice.
    flat = [part for name, value in record.headers for part in (name, value.decode())]
    return (identifier, record.topic, record.key, type(event).__name__, record.value, flat)


def record_row(identifier: str, event_type: str, record: Record) -> Row:
    """The row of a record as it is (a dead letter's)."""
    return (identifier, record.topic, record.key, event_type, record.value, _flatten(record.headers))


def _flatten(headers: Headers) -> list[str]:
    """Headers as text; what PostgreSQL's text cannot hold (not UTF-8, or a NUL) goes as base64."""
    flat: list[str] = []
    for name, value in headers:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text or name.endswith(_BASE64):
            name, text = name + _BASE64, b64encode(value).decode()
        flat += (name.replace("\0", ""), text)
    return flat


def headers_of(flat: Sequence[str]) -> list[tuple[str, bytes]]:
    """The headers of a row, as the producer takes them."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [
        (name.removesuffix(_BASE64), b64decode(text)) if name.endswith(_BASE64) else (name, text.encode())
        for name, text in pairs
    ]


async def insert(connection: Connection, rows: Iterable[Row]) -> None:
    """Write rows, in their order."""
    await connection.copy_records_to_table("outbox", records=rows, columns=_COLUMNS)
