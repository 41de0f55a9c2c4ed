"""Dead letters as people and scripts see them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from lendstream.cli import show
from lendstream.cli.letters import Letter


def as_dict(each: Letter) -> dict[str, Any]:
    """A dead letter without its value, for scripts."""
    letter, record = each.letter, each.letter.record
    resolution = each.resolution
    return {
        "id": str(letter.id),
        "state": each.state,
        "service": letter.service,
        "type": record.header("ce_type"),
        "key": None if record.key is None else show.as_text(record.key),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "attempt": letter.attempt,
        "seen": each.seen,
        "at": letter.at.isoformat(),
        "error_type": letter.error_type,
        "error": letter.error,
        "errors": [error.as_dict() for error in letter.errors],
        "headers": {name: show.as_text(value) for name, value in record.headers},
        "resolution": None
        if resolution is None
        else {
            "action": resolution.action.value,
            "at": resolution.at.isoformat(),
            "by": resolution.by,
            "reason": resolution.reason,
        },
    }


def print_list(out: Console, chosen: Sequence[Letter]) -> None:
    """Two lines a dead letter: what it is and where it stood, and why it failed."""
    for each in chosen:
        letter = each.letter
        kind = letter.record.header("ce_type") or "?"
        state = "" if each.state == "open" else f"  {each.state}"
        about = f"  {_time(letter.at)}  {letter.service:<13} {kind:<22} {letter.record.place}  attempt {letter.attempt}"
        out.print(Text.assemble((str(letter.id)[:8], "bold"), show.printable(about), (state, "green")), soft_wrap=True)
        out.print(Text(f"          {show.printable(_summary(each))}", "dim"), no_wrap=True, overflow="ellipsis")


def _summary(each: Letter) -> str:
    letter = each.letter
    return show.reasons(letter.errors) or f"{letter.error_type}: {letter.error.splitlines()[0] if letter.error else ''}"


def print_whole(out: Console, each: Letter) -> None:
    """Everything about a dead letter."""
    letter, done = each.letter, each.resolution
    error = f"{letter.error_type}: {letter.error}" if not letter.errors else f"{letter.error_type}, because of"
    facts = {
        "id": str(letter.id),
        "state": each.state + (f" by {done.by} at {_time(done.at)}" if done else ""),
        "reason": done.reason if done else "",
        "service": letter.service,
        "record": letter.record.place,
        "key": "(none)" if letter.record.key is None else show.as_text(letter.record.key),
        "when": f"{_time(letter.at)}, attempt {letter.attempt}",
        "error": error,
    }
    for name, fact in facts.items():
        if fact:
            out.print(Text.assemble((f"{name:>8}  ", "bold"), show.printable(fact, keep="\n")))
    for each_error in letter.errors:
        field = each_error.field or "(the whole record)"
        said = show.printable(f": {each_error.message} [{each_error.code}] {each_error.fix}")
        out.print(Text.assemble("          ", (show.printable(field), "bold"), said))
    out.print(Text("\nheaders", "bold"))
    for name, header in letter.record.headers:
        out.print(Text(show.printable(f"  {name}: {show.as_text(header)}")))
    if not letter.record.headers:
        out.print("  (none)")
    out.print(Text("\nvalue", "bold"))
    value = show.value_of(letter.record)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    out.print(Text("  (none: a tombstone)" if value is None else show.printable(text, keep="\n")))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
