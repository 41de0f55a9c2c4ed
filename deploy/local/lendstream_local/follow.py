"""Read log files to their ends, and on as they grow."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

POLL_SECONDS = 0.3


def follow(logs: Iterable[tuple[str, Path]], *, forever: bool) -> Iterator[tuple[str, str]]:
    """The whole lines of each (name, file), as (name, line); a file that is missing yet counts as empty."""
    offsets = dict.fromkeys(logs, 0)
    while True:
        for (name, path), offset in offsets.items():
            lines, offsets[name, path] = _whole_lines(path, offset)
            yield from ((name, line) for line in lines)
        if not forever:
            return
        time.sleep(POLL_SECONDS)


def _whole_lines(path: Path, offset: int) -> tuple[list[str], int]:
    try:
        with path.open("rb") as log:
            log.seek(offset)
            text = log.read()
    except FileNotFoundError:
        return [], offset
    whole = text[: text.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), offset + len(whole)
