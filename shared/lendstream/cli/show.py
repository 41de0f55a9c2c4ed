"""Records as people read them on a line, and as scripts read them in JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from rich.text import Text

from lendstream import dead_letter
from lendstream.dead_letter import Resolution
from lendstream.envelope import Envelope, Record, Tombstone, decode
from lendstream.errors import DataError, FieldError
from lendstream.events.base import Event
from lendstream.topics import DEAD_LETTER, Topic, UnknownTopic, find

_REASONS = 3  # on a line
_SMALL_PART = 8  # fields; a larger part of an event is left to --json
_COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green", "bright_magenta")


def line(record: Record) -> Text:
    """One line: time, topic, key, type, the fields that matter. Never fails; direct identifiers are left out."""
    said = record.header("ce_time" if not _of_dead_letters(record) else dead_letter.AT) or ""
    text = Text()
    text.append(_time(said, record.timestamp) + "  ", "dim")
    text.append(f"{short_topic(record.topic):<20} ", _COLOURS[sum(record.topic.encode()) % len(_COLOURS)])
    text.append(f"{_key(record.key):<16} ", "bold")
    try:
        what, details = _contents(record)
    except DataError as error:
        text.append(f"{printable(record.header('ce_type') or '?'):<20} ", "bold red")
        return text.append(f"not decodable: {printable(reasons(error.errors))}", "red")
    text.append(f"{printable(what):<20} ", "bold")
    return text.append(printable("  ".join(f"{name}={value}" for name, value in details)))


def as_dict(record: Record) -> dict[str, Any]:
    """The record with its headers, decoded if it can be, else its text and every reason why not."""
    shown: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp.isoformat() if record.timestamp else None,
        "key": None if record.key is None else as_text(record.key),
        "type": record.header("ce_type"),
        "headers": {name: as_text(value) for name, value in record.headers},
    }
    try:
        event = None if _of_dead_letters(record) else decode(record)
    except DataError as error:
        return {**shown, "value": value_of(record), "errors": [each.as_dict() for each in error.errors]}
    if isinstance(event, Envelope):
        return {**shown, "data": event.data.model_dump(mode="json")}
    return {**shown, "value": value_of(record)}


def reasons(errors: Sequence[FieldError]) -> str:
    """The first reasons in short."""
    told = "; ".join(f"{each.field or 'record'}: {each.message.rstrip('.')}" for each in errors[:_REASONS])
    return told + (f"; and {len(errors) - _REASONS} more" if len(errors) > _REASONS else "")


def value_of(record: Record) -> Any:
    """The value as JSON data if it is JSON, else as text; None without one."""
    if record.value is None:
        return None
    try:
        return json.loads(record.value)
    except ValueError:
        return as_text(record.value)


def as_text(value: bytes) -> str:
    """Bytes as text; those that are not UTF-8 as \\xff."""
    return value.decode("utf-8", "backslashreplace")


def printable(text: str, keep: str = "") -> str:
    """The text without what a terminal would take as a command, nor line ends unless they are to be kept."""
    return "".join(each if each.isprintable() or each in keep else "·" for each in text)


def short_topic(name: str) -> str:
    """A topic's name without what all have in common: `intake.phone-shop` for `lending.intake.phone-shop.v1`."""
    return name.removeprefix("lending.").removesuffix(".v1")


def _contents(record: Record) -> tuple[str, list[tuple[str, str]]]:
    if _of_dead_letters(record):
        return _dead_letter(record)
    event = decode(record)
    if isinstance(event, Tombstone):
        return "(tombstone)", []
    if event is None:
        return record.header("ce_type") or "?", [("(not in this registry)", as_text(record.value or b"")[:200])]
    return event.type, list(headline(event.data, event.topic))


def _dead_letter(record: Record) -> tuple[str, list[tuple[str, str]]]:
    found = dead_letter.parse(record)
    if isinstance(found, Resolution):
        return f"(dead letter {found.action})", [("id", str(found.resolves)[:8]), ("by", found.by)]
    about = [("id", str(found.id)[:8]), ("type", found.record.header("ce_type") or "?"), ("at", found.record.place)]
    why = reasons(found.errors) or found.error
    return "(dead letter)", [*about, ("error", f"{found.error_type}: {why}")]


def _of_dead_letters(record: Record) -> bool:
    try:
        return find(record.topic)[0] is DEAD_LETTER
    except UnknownTopic:
        return False


def headline(event: Event, topic: Topic) -> Iterator[tuple[str, str]]:
    """An event's fields for one line: without its key, what is empty, large parts and direct identifiers."""
    for name, value in event:
        if name != topic.key:
            yield from _shown(name, value)


def _shown(name: str, value: Any, *, nested: bool = False) -> Iterator[tuple[str, str]]:
    if value is None or value == "" or value == ():
        return
    if isinstance(value, BaseModel):
        if not nested and not _personal(value) and len(type(value).model_fields) <= _SMALL_PART:
            for inner, each in value:
                yield from _shown(f"{name}.{inner}", each, nested=True)
    elif isinstance(value, tuple):
        codes = [str(each.code) for each in value if hasattr(each, "code")]
        yield name, ",".join(codes) if codes else f"[{len(value)}]"
    else:
        yield name, _scalar(value)


def _personal(value: BaseModel) -> bool:
    marks = type(value).model_config.get("json_schema_extra")
    return isinstance(marks, dict) and "x-personal-data" in marks


def _scalar(value: Any) -> str:
    if isinstance(value, UUID):
        return _short_id(str(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value.value if isinstance(value, Enum) else value)


def _key(key: bytes | None) -> str:
    if key is None:
        return "-"
    text = printable(as_text(key))
    try:
        return _short_id(str(UUID(text)))
    except ValueError:
        return text if len(text) <= 16 else text[:15] + "…"


def _short_id(text: str) -> str:
    return "…" + text[-8:]  # the first digits of time-ordered ids are nearly all the same


def _time(said: str, timestamp: datetime | None) -> str:
    try:
        moment = datetime.fromisoformat(said)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        moment = timestamp or datetime.fromtimestamp(0, UTC)
    return f"{moment:%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
