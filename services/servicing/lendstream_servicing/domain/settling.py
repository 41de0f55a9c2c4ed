"""Settling instalments: in which order the parts of one are paid, and what of an entry went where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lendstream.catalogue import Due

from .loan import Entry, Instalment, Part

PLACE = {Due.FEE: 0, Due.PENALTY: 1, Due.INTEREST: 2, Due.PRINCIPAL: 3}
"""The places of what can be settled, in Part (after the instalment's number) and in every four sums of it."""
PRINCIPAL = PLACE[Due.PRINCIPAL]


def places_of(dues: Sequence[Due]) -> tuple[int, ...]:
    """An order of settling, as places."""
    return tuple([PLACE[due] for due in dues])


EVERY = places_of(tuple(Due))
"""Everything that can be settled."""


@dataclass(slots=True)
class Split:
    """What an entry settles, gathered instalment by instalment."""

    parts: dict[int, list[int]]
    settled: set[int]

    def add(self, number: int, due: int, amount: int) -> None:
        """Of an instalment, so much of a part, said by its place in Part."""
        if number not in self.parts:
            self.parts[number] = [0, 0, 0, 0]
        self.parts[number][due] += amount

    def told(self) -> tuple[Part, ...]:
        """As the entry keeps it."""
        return tuple([Part(number, a, b, c, d, number in self.settled) for number, (a, b, c, d) in self.parts.items()])


def settled(
    row: Instalment, left: int, on: date, dues: Sequence[int], split: Split, most: int | None = None
) -> tuple[Instalment, int]:
    """Settle parts of an instalment, in order, of the principal at most so much; returns it and what is left."""
    number, unpaid, paid = row[0], unpaid_of(row), [0, 0, 0, 0]
    for due in dues:
        part = left if left < unpaid[due] else unpaid[due]
        if most is not None and due == PRINCIPAL and part > most:
            part = most
        if part > 0:
            split.add(number, due, part)
            paid[due] = part
            left -= part
    whole = sum(paid) == sum(unpaid)
    if whole:
        split.settled.add(number)
    fee, penalty, interest, principal = paid
    sums = (row[8] + principal, row[9] + interest, row[10] + fee, row[11] + penalty)
    return Instalment._make((*row[:8], *sums, row[12], on if whole else row[13], *row[14:])), left


def unpaid_of(row: Instalment) -> tuple[int, int, int, int]:
    """What is unpaid of an instalment, in the order of Part. By places, not by names: this is called most of all."""
    return row[4] - row[10], row[6] + row[7] - row[11], row[3] - row[9], row[2] - row[8]


def renumbered(entry: Entry, last: int) -> Entry:
    """The entry with what it settled of instalments after the last one counted on that."""
    if not any(part.instalment > last for part in entry.parts):
        return entry
    split, settled = Split({}, set()), {part.instalment for part in entry.parts if part.settled}
    split.settled = {number for number in settled if number < last}
    for part in entry.parts:
        for due in EVERY:
            split.add(min(part.instalment, last), due, part[1 + due])
    return entry._replace(parts=split.told())


def with_paid(fresh: list[Instalment], before: Sequence[Instalment]) -> list[Instalment]:
    """New instalments with what was paid in advance on those before them, number by number.

    What was paid on numbers that are gone counts on the last one. Interest and fees paid beyond what an instalment now
    has are taken off those after it.
    """
    paid = {row.number: [0, 0, 0] for row in fresh}
    for row in before:
        sums = paid[min(row.number, fresh[-1].number)]
        sums[0] += row.principal_paid
        sums[1] += row.interest_paid
        sums[2] += row.fee_paid
    rows, more_interest, more_fee = [], 0, 0
    for row in fresh:
        principal, interest, fee = paid[row.number]
        charged, due = max(row.interest - more_interest, interest), max(row.fee - more_fee, fee)
        more_interest += charged - row.interest
        more_fee += due - row.fee
        rows.append(
            row._replace(
                principal=row.principal + principal,
                interest=charged,
                fee=due,
                principal_paid=principal,
                interest_paid=interest,
                fee_paid=fee,
            )
        )
    return rows
