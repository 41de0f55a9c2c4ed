"""The schemas of records' headers."""

from typing import Any

from lendstream import dead_letter as letters
from lendstream.envelope import REQUIRED_HEADERS
from lendstream.topics import SERVICES

Node = dict[str, Any]


def _text(description: str, *examples: str, **more: Any) -> Node:
    return {"type": "string", "description": description, **({"examples": list(examples)} if examples else {}), **more}


def cloud_event() -> Node:
    """The headers of every event."""
    identity = "0190a3c0-7c1e-7d2a-8b43-5f6f1f1c2d3e"
    return {
        "type": "object",
        "description": "The attributes of CloudEvents 1.0, UTF-8, at most 256 bytes each.",
        "required": list(REQUIRED_HEADERS),
        "properties": {
            "ce_specversion": {"const": "1.0", "description": "The version of CloudEvents."},
            "ce_id": _text("Unique within topic and source; the same id is the same event.", identity),
            "ce_type": _text("The event's type.", "LoanOpened"),
            "ce_source": _text("Who published it.", "lendstream/servicing", "partner/phone-shop"),
            "ce_time": _text("When it happened, UTC.", "2026-03-02T08:15:30+00:00", format="date-time"),
            "ce_subject": _text("The record's key.", "SHOP-2026-000123"),
            "ce_correlationid": _text(
                "The id of the first event of the story; copied along. Default: ce_id.", identity
            ),
            "ce_causationid": _text("The id of the event that caused this one.", identity),
            "ce_dataschema": _text("The value's JSON Schema.", "lendstream:/schemas/lending.loan.v1/LoanOpened.json"),
            "traceparent": _text("W3C trace context.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "content-type": {"const": "application/json", "description": "The value is JSON."},
        },
    }


def dead_letter() -> Node:
    """The headers of a dead letter."""
    return {
        "type": "object",
        "description": "All headers of the original record, and these.",
        "required": [
            letters.ID,
            letters.SERVICE,
            letters.TOPIC,
            letters.PARTITION,
            letters.OFFSET,
            letters.ERROR_TYPE,
            letters.ERROR,
            letters.ATTEMPT,
            letters.AT,
        ],
        "properties": {
            letters.ID: _text("A UUIDv5 of service, topic, partition and offset.", format="uuid"),
            letters.SERVICE: _text("The service that could not handle the record.", enum=list(SERVICES)),
            letters.TOPIC: _text("The original record's topic.", "lending.intake.phone-shop.v1"),
            letters.PARTITION: _text("Its partition.", "2"),
            letters.OFFSET: _text("Its offset.", "41"),
            letters.ERROR_TYPE: _text("The exception's class.", "DataError"),
            letters.ERROR: _text("What it said, at most 4 kB."),
            letters.ERRORS: _text("A JSON list of every reason: field, code, message, fix."),
            letters.KEYLESS: _text("There if the original record had no key; the dead letter's key is its id then."),
            letters.ATTEMPT: _text("Which attempt failed, from 1.", "1"),
            letters.AT: _text("When.", "2026-03-02T08:15:30+00:00", format="date-time"),
        },
    }


def resolution() -> Node:
    """The headers of what an operator did about a dead letter."""
    return {
        "type": "object",
        "required": [letters.RESOLVES, letters.ACTION, letters.AT, letters.BY],
        "properties": {
            letters.RESOLVES: _text("The dead letter's id.", format="uuid"),
            letters.ACTION: _text("What was done.", enum=[action.value for action in letters.Action]),
            letters.AT: _text("When.", format="date-time"),
            letters.BY: _text("Who did it.", "li.na"),
            letters.REASON: _text("Why it was given up."),
        },
    }
