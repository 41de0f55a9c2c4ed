"""The committed records, as the broker would give them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lendstream.envelope import Record

HERE = Path(__file__).parent
FIXTURES = sorted((HERE / "fixtures").glob("v*/*/*.json"))


@dataclass(frozen=True)
class Example:
    """A committed record and where it is kept."""

    file: Path
    number: int
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """version/topic/event-number, for the test's id."""
        return "/".join(self.file.with_suffix("").parts[-3:]) + f"-{self.number}"

    def record(self, **more: Any) -> Record:
        """The record, with more fields in its value if given."""
        value = json.dumps({**self.document["value"], **more}, ensure_ascii=False).encode()
        headers = tuple((name, text.encode()) for name, text in self.document["headers"].items())
        return Record(self.document["topic"], self.document["key"].encode(), value, headers, 0, 0)


EXAMPLES = [
    Example(file, number, document)
    for file in FIXTURES
    for number, document in enumerate(json.loads(file.read_text(encoding="utf-8")), 1)
]
