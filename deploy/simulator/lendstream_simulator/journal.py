"""Append-only JSON-lines files: what an actor got, kept over a kill of its process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIL = "mail.jsonl"
TEXTS = "texts.jsonl"


class Journal:
    """One file, written by one process at a time and read by any.

    Every line is whole, but the last one of a process that was killed while it wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = False

    def append(self, **entry: Any) -> None:
        """Add a line and hand it to the operating system, which keeps it though the process is killed."""
        if not self._writing:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._end_torn_line()
            self._writing = True
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def read(self) -> Iterator[dict[str, Any]]:
        """Every whole line, oldest first."""
        if self._path.exists():
            with self._path.open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    if entry := _entry(line):
                        yield entry

    def _end_torn_line(self) -> None:
        if self._path.exists() and (written := self._path.read_bytes()) and not written.endswith(b"\n"):
            with self._path.open("ab") as file:
                file.write(b"\n")


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that a provider took and that its addressee therefore has."""

    key: str
    """The message key it carries: X-Message-Key of a mail, the reference of a text."""
    channel: str
    """mail or sms."""
    id: str
    """Message-ID of a mail, the gateway's number of a text."""


def deliveries(directory: Path) -> tuple[Delivery, ...]:
    """Everything that the mail server and the SMS gateway of this folder delivered."""
    return tuple(
        Delivery(str(entry["key"]), channel, str(entry["id"]))
        for channel, name in (("mail", MAIL), ("sms", TEXTS))
        for entry in Journal(directory / name).read()
        if entry["result"] == "delivered"
    )
