"""The answer to a record of the intake that is invalid or refused."""

import json
import re
from collections.abc import Sequence

from lendstream.envelope import Record
from lendstream.errors import DataError
from lendstream.events.base import Event
from lendstream.events.intake import Rejection, SubmissionRejected

MAX_REASONS = 100
_PARTNER = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def rejected(record: Record, error: DataError, partner: str | None) -> Sequence[Event]:
    """All the reasons, to the partner whose topic it is. Never raises, whatever the record holds."""
    if partner is None or not _PARTNER.fullmatch(partner):
        return ()
    reasons = tuple(
        Rejection(
            field=_shown(each.field, 200),
            code=_shown(each.code, 100),
            message=_shown(each.message, 500),
            fix=_shown(each.fix, 500),
        )
        for each in error.errors[:MAX_REASONS]
    )
    answer = SubmissionRejected(
        partner=partner,
        reference=_shown(_reference(record), 64),
        rejected_type=_shown(record.header("ce_type") or "", 100),
        rejected_id=_shown(record.header("ce_id") or record.place, 100),
        reasons=reasons,
    )
    return (answer,)


def _reference(record: Record) -> str:
    """The record's reference where it has one, else its key, else nothing."""
    try:
        content = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and isinstance(content.get("reference"), str):
        return str(content["reference"])
    return (record.key or b"").decode("utf-8", "replace")


def _shown(text: str, longest: int) -> str:
    """Without control characters and halves of characters, and not longer than so many characters."""
    printable = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:longest])
    return printable.encode("utf-8", "replace").decode("utf-8")
