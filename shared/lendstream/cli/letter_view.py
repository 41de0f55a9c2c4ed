"""Dead letters as people and scripts see them."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
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


def table(chosen: Sequence[Letter], *, with_state: bool) -> Table:
    """One line a dead letter."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("id", *(("state",) if with_state else ()), "when (UTC)", "service", "type", "attempt"):
        shown.add_column(title, no_wrap=True, justify="right" if title == "attempt" else "left")
    shown.add_column("record")
    shown.add_column("error", ratio=1)
    for each in chosen:
        letter = each.letter
        cells = [str(letter.id)[:8], f"{letter.at:%Y-%m-%d %H:%M:%S}", letter.service]
        if with_state:
            cells.insert(1, each.state)
        cells += [letter.record.header("ce_type") or "?", str(letter.attempt), letter.record.place, _summary(each)]
        shown.add_row(*map(Text, cells))
    return shown


def _summary(each: Letter) -> str:
    letter = each.letter
    if not letter.errors:
        return f"{letter.error_type}: {letter.error.splitlines()[0] if letter.error else ''}"[:200]
    first = letter.errors[0]
    more = f" (and {len(letter.errors) - 1} more)" if len(letter.errors) > 1 else ""
    return f"{first.field or 'record'}: {first.message}"[:200] + more


def print_whole(out: Console, each: Letter) -> None:
    """Everything about a dead letter."""
    letter = each.letter
    facts = {
        "id": str(letter.id),
        "state": each.state,
        "service": letter.service,
        "record": f"{letter.record.place}, key {show.as_text(letter.record.key or b'-')}",
        "when": f"{letter.at:%Y-%m-%d %H:%M:%S} UTC, attempt {letter.attempt}",
        "error": f"{letter.error_type}: {letter.error}",
    }
    if each.resolution:
        done = each.resolution
        facts["state"] += f" by {done.by} at {done.at:%Y-%m-%d %H:%M:%S} UTC" + (
            f": {done.reason}" if done.reason else ""
        )
    for name, fact in facts.items():
        out.print(Text.assemble((f"{name:>8}  ", "bold"), fact))
    for error in letter.errors:
        out.print(
            Text.assemble(
                "          ",
                (error.field or "(the whole record)", "bold"),
                f": {error.message} [{error.code}] {error.fix}",
            )
        )
    out.print(Text("\nheaders", "bold"))
    for name, value in letter.record.headers:
        out.print(Text(f"  {name}: {show.as_text(value)}"))
    out.print(Text("\nvalue", "bold"))
    value = show.value_of(letter.record)
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    out.print(Text("(none: a tombstone)" if value is None else shown))
