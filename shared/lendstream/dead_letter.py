"""Dead letters: records that a service could not handle, on `lending.dead-letter.<service>.v1`.

A dead letter has the key, the value and all headers of the original record, and then the headers below that say
where it stood and what was wrong. A resolution is a record of the same key and no value that names a dead letter
by its id and says what was done. The topic is one log: the last record about an id is its state, so a record that
fails again after it was resolved is open again. All functions here are pure.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from lendstream.envelope import Record
from lendstream.errors import DataError, FieldError
from lendstream.topics import DEAD_LETTER

ID = "dlq_id"
SERVICE = "dlq_service"
TOPIC = "dlq_topic"
PARTITION = "dlq_partition"
OFFSET = "dlq_offset"
ERROR_TYPE = "dlq_error_type"
ERROR = "dlq_error"
ERRORS = "dlq_errors"
ATTEMPT = "dlq_attempt"
AT = "dlq_at"
KEYLESS = "dlq_keyless"
"""The original record has no key; its dead letter is keyed by its id, as clients send no record of neither key nor
value."""
RESOLVES = "dlq_resolves"
ACTION = "dlq_action"
BY = "dlq_by"
REASON = "dlq_reason"
RETRY = "dlq_retry"
"""On a record that was published again: the attempt it is, from 2."""

MAX_ERROR_BYTES = 4096
MAX_ERRORS = 50
_NAMESPACE = UUID("5b0a7f5e-4c5c-5d7e-9c62-0d2f3c1b7a10")
_RESERVED = frozenset(
    (
        ID,
        SERVICE,
        TOPIC,
        PARTITION,
        OFFSET,
        ERROR_TYPE,
        ERROR,
        ERRORS,
        ATTEMPT,
        AT,
        KEYLESS,
        RESOLVES,
        ACTION,
        BY,
        REASON,
    )
)


class Action(StrEnum):
    """What was done about a dead letter."""

    RETRIED = "retried"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be handled, and why."""

    id: UUID
    """A UUIDv5 of service, topic, partition and offset: the same record has one id, however often it fails."""
    service: str
    """Who could not handle it."""
    record: Record
    """The original record, without the headers of dead letters."""
    error_type: str
    """The exception's class."""
    error: str
    """What it said, shortened to 4 kB."""
    errors: tuple[FieldError, ...]
    """Every reason by field, where the data was at fault; the first 50."""
    attempt: int
    """Which attempt failed, from 1."""
    at: datetime
    """When."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an operator did about a dead letter."""

    resolves: UUID
    """The dead letter."""
    action: Action
    """Published again, or given up."""
    at: datetime
    """When."""
    by: str
    """Who."""
    reason: str = ""
    """Why it was given up."""


def letter_id(service: str, record: Record) -> UUID:
    """The id of the dead letter that a record becomes in a service."""
    return uuid5(_NAMESPACE, f"{service}/{record.place}")


def attempt_of(record: Record) -> int:
    """Which attempt at its handling a record is: 1, or more when an operator had it published again."""
    text = record.header(RETRY) or ""
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def dead_letter(record: Record, *, service: str, error: BaseException, attempt: int, at: datetime) -> Record:
    """The record to publish on the service's dead-letter topic.

    A foreign header of one of our names is left out, or a partner could pass a record off as a resolution.
    """
    errors = error.errors if isinstance(error, DataError) else ()
    said = {
        ID: str(letter_id(service, record)),
        SERVICE: service,
        TOPIC: record.topic,
        PARTITION: str(record.partition),
        OFFSET: str(record.offset),
        ERROR_TYPE: type(error).__name__,
        ERROR: str(error),
        ATTEMPT: str(attempt),
        AT: at.isoformat(),
    }
    headers = [header for header in record.headers if header[0] not in _RESERVED]
    headers += ((name, _shortened(text)) for name, text in said.items())
    if errors:
        headers.append((ERRORS, _errors_as_json(errors)))
    if record.key is None:
        headers.append((KEYLESS, b"true"))
    key = said[ID].encode() if record.key is None else record.key
    return Record(DEAD_LETTER.named(service), key, record.value, tuple(headers))


def resolution(letter: DeadLetter, *, action: Action, at: datetime, by: str, reason: str = "") -> Record:
    """The record that says what was done about a dead letter."""
    said = {RESOLVES: str(letter.id), ACTION: action.value, AT: at.isoformat(), BY: by, REASON: reason}
    headers = tuple((name, _shortened(text)) for name, text in said.items() if text)
    key = str(letter.id).encode() if letter.record.key is None else letter.record.key
    return Record(DEAD_LETTER.named(letter.service), key, None, headers)


def retry(letter: DeadLetter) -> Record:
    """The original record once more, for its own topic and partition, marked as the next attempt."""
    original = letter.record
    headers = tuple(header for header in original.headers if header[0] != RETRY)
    again = (*headers, (RETRY, str(letter.attempt + 1).encode()))
    return Record(original.topic, original.key, original.value, again, partition=original.partition)


def parse(record: Record) -> DeadLetter | Resolution:
    """What a record of a dead-letter topic says.

    Raises:
        DataError: it is neither a dead letter nor a resolution.
    """
    try:
        if text := record.header(RESOLVES):
            return Resolution(
                resolves=UUID(text),
                action=Action(_said(record, ACTION)),
                at=_moment(_said(record, AT)),
                by=record.header(BY) or "",
                reason=record.header(REASON) or "",
            )
        original = Record(
            topic=_said(record, TOPIC),
            key=None if record.header(KEYLESS) else record.key,
            value=record.value,
            headers=tuple(header for header in record.headers if header[0] not in _RESERVED),
            partition=int(_said(record, PARTITION)),
            offset=int(_said(record, OFFSET)),
        )
        return DeadLetter(
            id=UUID(_said(record, ID)),
            service=_said(record, SERVICE),
            record=original,
            error_type=_said(record, ERROR_TYPE),
            error=record.header(ERROR) or "",
            errors=tuple(FieldError(**each) for each in json.loads(record.header(ERRORS) or "[]")),
            attempt=int(_said(record, ATTEMPT)),
            at=_moment(_said(record, AT)),
        )
    except (ValueError, TypeError) as error:
        raise DataError(
            FieldError("headers", "not_a_dead_letter", f"{record.place} is no dead letter: {error}.", "Leave it.")
        ) from error


def _said(record: Record, name: str) -> str:
    text = record.header(name)
    if not text:
        raise ValueError(f"the header {name} is missing")
    return text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shortened(text: str) -> bytes:
    whole = text.encode("utf-8", "replace")
    if len(whole) <= MAX_ERROR_BYTES:
        return whole
    return whole[: MAX_ERROR_BYTES - 3].decode("utf-8", "ignore").encode() + "…".encode()


def _errors_as_json(errors: tuple[FieldError, ...]) -> bytes:
    shown = [{name: text[:500] for name, text in error.as_dict().items()} for error in errors[:MAX_ERRORS]]
    return json.dumps(shown, ensure_ascii=True).encode()
