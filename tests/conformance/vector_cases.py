"""What every adapter of published vectors speaks in: cases, whose check tells the differences it found."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from lendstream.amortization import Instalment

HERE = Path(__file__).parent
Differences = list[str]
Check = Callable[[], Differences]


@dataclass(frozen=True)
class Case:
    """One published case, and what compares it."""

    file: str
    id: str
    check: Check


def load(name: str) -> Any:
    """A file of vectors."""
    return json.loads((HERE / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def minor(amount: str, digits: int = 2) -> int:
    """An amount as whole minor units. Raises ValueError if it has more digits than the currency."""
    scaled = Decimal(amount).scaleb(digits)
    if scaled != int(scaled):
        raise ValueError(f"{amount} has more than {digits} digits")
    return int(scaled)


def day(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)


def differences(what: str, expected: object, got: object) -> Differences:
    """Nothing, or the one sentence that tells the difference."""
    return [] if expected == got else [f"{what}: expected {expected}, got {got}"]


def compare_rows(expected: list[dict[str, Any]], got: tuple[Instalment, ...], digits: int = 2) -> Differences:
    """Compare published rows, in whatever of our columns they have."""
    found = differences("number of rows", len(expected), len(got))
    for number, (theirs, ours) in enumerate(zip(expected, got, strict=False), 1):
        for column, value in _columns(theirs, digits):
            mine = getattr(ours, column)
            found += differences(f"row {number} {column}", value, mine)
    return found


_AMOUNTS = {
    "principal": ("principal", "principal_due"),
    "interest": ("interest", "interest_due", "period_interest"),
    "fee": ("fees_due",),
    "total": ("total", "total_due", "payment", "emi"),
    "balance_after": ("balance", "balance_after"),
}


def _columns(row: dict[str, Any], digits: int) -> Iterator[tuple[str, object]]:
    for column, names in _AMOUNTS.items():
        for name in names:
            if name in row:
                yield column, minor(row[name], digits)
    for name in ("due", "due_date"):
        if name in row:
            yield "due_date", day(row[name])


def listed(document: str) -> dict[str, str]:
    """The case ids of a document's table and what it says about each."""
    lines = (HERE / document).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1] for row in cells[1:]}
