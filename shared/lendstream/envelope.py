"""Records on the wire: CloudEvents 1.0 in Kafka's binary mode, and back.

The attributes travel as headers (`ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_subject`, `ce_correlationid`,
`ce_causationid`, `ce_dataschema`, `traceparent`, `content-type`), the value is the event as JSON, and a record
without a value is a tombstone.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, TypeVar

from pydantic import ValidationError

from lendstream.errors import DataError, FieldError, from_pydantic
from lendstream.events.base import Command, Event
from lendstream.topics import Topic, UnknownTopic, address, find, topic_of

E = TypeVar("E", bound=Event | Command, covariant=True)
Headers = tuple[tuple[str, bytes], ...]

SPEC_VERSION = b"1.0"
CONTENT_TYPE = b"application/json"
REQUIRED_HEADERS = ("ce_specversion", "ce_id", "ce_type", "ce_source")
MAX_ATTRIBUTE = 256
HTTP = Topic("http", "Commands over HTTP: not a topic of the broker.", "", (), "", ())
"""Where commands come from."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the broker gave it, or as it is to be given to the broker (then without an offset)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1
    offset: int = -1
    timestamp: datetime | None = None

    def header(self, name: str) -> str | None:
        """A header's text, or None."""
        for key, value in self.headers:
            if key == name:
                return value.decode("utf-8", "replace")
        return None

    @property
    def place(self) -> str:
        """Where it stands: topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Envelope(Generic[E]):
    """An event, or a command, with its CloudEvents attributes and where it came from."""

    data: E
    """The event or the command."""
    id: str
    """ce_id: unique within topic and source."""
    source: str
    """ce_source: who published it, as `lendstream/servicing` or `partner/phone-shop`."""
    time: datetime
    """ce_time: when it happened, UTC."""
    topic: Topic
    """The topic it came on; of a command, `HTTP`."""
    parameter: str | None = None
    """The topic's parameter: the partner, on intake topics."""
    correlation_id: str = ""
    """ce_correlationid: the first event of the story, copied along."""
    causation_id: str | None = None
    """ce_causationid: the event that caused this one."""
    traceparent: str | None = None
    """W3C trace context, carried as text."""

    @property
    def type(self) -> str:
        """ce_type: the event's name."""
        return type(self.data).__name__


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The end of a key on a compacted topic."""

    topic: Topic
    key: str
    id: str
    time: datetime


def decode(record: Record, wanted: Container[type[Event]] | None = None) -> Envelope[Event] | Tombstone | None:
    """The event of a record; None where its type is not on the registry's topic (a newer writer's event).

    With `wanted`, None also for events of other types: what does not concern a reader it need not read, and reading
    is most of what such a record costs.

    Raises:
        DataError: headers missing, not JSON, against the model, a key that is not the event's, a tombstone on a
            topic that is not compacted, or a topic that the registry does not know; with every reason.
    """
    try:
        topic, parameter = find(record.topic)
    except UnknownTopic as error:
        raise DataError(FieldError("topic", "unknown_topic", str(error), "Use a topic of the registry.")) from error
    if record.value is None:
        return _tombstone(record, topic)
    attributes, problems = _attributes(record.headers)
    model = topic.event_type(attributes.get("ce_type", ""))
    if model is None:
        if problems:
            raise DataError(*problems)
        return None
    if wanted is not None and model not in wanted:
        return None
    try:
        data = model.model_validate_json(record.value)
    except ValidationError as error:
        raise DataError(*problems, *from_pydantic(error, model).errors) from error
    problems += _key_problems(record, topic, data)
    problems += nul_problems(record.value)
    if problems:
        raise DataError(*problems)
    return Envelope(
        data=data,
        id=attributes["ce_id"],
        source=attributes["ce_source"],
        time=_time(attributes.get("ce_time"), record),
        topic=topic,
        parameter=parameter,
        correlation_id=attributes.get("ce_correlationid") or attributes["ce_id"],
        causation_id=attributes.get("ce_causationid"),
        traceparent=attributes.get("traceparent"),
    )


def nul_problems(value: bytes) -> list[FieldError]:
    """Whether a JSON text holds the one character that no database takes."""
    if b"\\u0000" in value and _NUL.search(value):
        message = "The text holds a NUL, which no database takes."
        return [FieldError("", "nul_character", message, "Leave \\u0000 out.")]
    return []


def _attributes(headers: Headers) -> tuple[dict[str, str], list[FieldError]]:
    found: dict[str, str] = {}
    problems: list[FieldError] = []
    for name, value in headers:
        if name.startswith("ce_") or name == "traceparent":
            try:
                found[name] = value.decode("utf-8")
            except UnicodeDecodeError:
                problems.append(
                    FieldError(f"headers.{name}", "not_utf8", "The header is not UTF-8.", "Send UTF-8 text.")
                )
            if len(value) > MAX_ATTRIBUTE or b"\0" in value:
                problems.append(
                    FieldError(
                        f"headers.{name}",
                        "bad_header",
                        f"The header is over {MAX_ATTRIBUTE} bytes or holds a NUL.",
                        "Shorten it.",
                    )
                )
    problems += (
        FieldError(f"headers.{name}", "missing", f"The header {name} is missing.", "Send the CloudEvents header.")
        for name in REQUIRED_HEADERS
        if not found.get(name)
    )
    return found, problems


def _tombstone(record: Record, topic: Topic) -> Tombstone:
    if not topic.compacted or not record.key:
        raise DataError(
            FieldError(
                "value",
                "tombstone",
                "The record has no value.",
                "Send the event as JSON; only compacted topics take tombstones.",
            )
        )
    return Tombstone(
        topic, record.key.decode("utf-8", "replace"), record.header("ce_id") or record.place, _time(None, record)
    )


def _key_problems(record: Record, topic: Topic, data: Event) -> Iterator[FieldError]:
    expected = str(getattr(data, topic.key))
    if record.key != expected.encode():
        shown = "no key" if record.key is None else repr(record.key[:80].decode("utf-8", "replace"))
        yield FieldError(
            "key", "key_mismatch", f"The record's key is {shown}.", f"Key the record by {topic.key}: {expected!r}."
        )


def _time(text: str | None, record: Record) -> datetime:
    if text:
        try:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:  # the latter: its UTC leaves the calendar
            raise DataError(
                FieldError(
                    "headers.ce_time",
                    "datetime_parsing",
                    "ce_time is no time.",
                    "Send RFC 3339, as 2026-03-02T08:15:30Z.",
                )
            ) from error
    return record.timestamp or datetime.now(UTC)


@lru_cache(maxsize=256)
def _fixed_headers(model: type[Event], source: str) -> Headers:
    topic = topic_of(model)
    return (
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", model.__name__.encode()),
        ("ce_source", source.encode()),
        ("ce_dataschema", f"lendstream:/schemas/{topic.family}/{model.__name__}.json".encode()),
        ("content-type", CONTENT_TYPE),
    )


def encode(
    event: Event,
    *,
    id: str,
    source: str,
    time: datetime,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
    partner: str | None = None,
) -> Record:
    """The record of an event to publish; intake events need their partner said."""
    topic, key = address(event, partner)
    optional: Mapping[str, str | None] = {
        "ce_correlationid": correlation_id or id,
        "ce_causationid": causation_id,
        "traceparent": traceparent,
    }
    headers = (
        *_fixed_headers(type(event), source),
        ("ce_id", id.encode()),
        ("ce_time", time.isoformat().encode()),
        ("ce_subject", key.encode()),
        *((name, value.encode()) for name, value in optional.items() if value),
    )
    return Record(topic, key.encode(), event.model_dump_json().encode(), headers)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A tombstone to publish on a compacted topic: the end of everything under a key."""

    topic: Topic
    key: str


def encode_erasure(
    erasure: Erasure,
    *,
    id: str,
    source: str,
    time: datetime,
    correlation_id: str | None = None,
    traceparent: str | None = None,
) -> Record:
    """The record of a tombstone: headers as of an event, no value."""
    headers = (
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", b"Erased"),
        ("ce_source", source.encode()),
        ("ce_id", id.encode()),
        ("ce_time", time.isoformat().encode()),
        ("ce_subject", erasure.key.encode()),
        ("ce_correlationid", (correlation_id or id).encode()),
        *((("traceparent", traceparent.encode()),) if traceparent else ()),
    )
    return Record(erasure.topic.name, erasure.key.encode(), None, headers)
