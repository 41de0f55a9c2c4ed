"""A loan's account as its customer sees it: what was lent and charged, what was paid, and what that leaves.

The loan is lived through once more, day by day in the order of value dates, with the same walk that made it; every line
is what a day or an entry changed. So the lines add up whatever period they are cut into. A correction of the past shows
as the past that is known now; a payment that bounced shows twice, as it came and as it went.

The balance is all that was lent and charged until then less all that was paid, let go and not given back: interest and
fees are charged on their due dates, late fees and penalty interest as they arise. Negative: more was paid than that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from .loan import Entry, Kind, Loan, Part, Policy
from .walk import Walk, derived, in_order

_DAY = timedelta(days=1)


class Sort(StrEnum):
    """What a line is."""

    DISBURSEMENT = "disbursement"
    """Money lent: the principal of a payout, with what was kept of it."""
    INTEREST = "interest"
    FEE = "fee"
    LATE_FEE = "late_fee"
    PENALTY = "penalty"
    """Penalty interest since the line before."""
    PREPAYMENT_FEE = "prepayment_fee"
    PAYMENT = "payment"
    REVERSAL = "reversal"
    """A payment that bounced."""
    WAIVER = "waiver"
    RELIEF = "relief"
    """A restructure: what was let go with it."""
    CHARGE_OFF = "charge_off"
    """Given up in the books; all of it falls due, and is owed as before."""
    REFUND = "refund"


CHARGES = frozenset({Sort.INTEREST, Sort.FEE, Sort.LATE_FEE, Sort.PENALTY, Sort.PREPAYMENT_FEE})
"""What the loan costs."""


class Line(NamedTuple):
    """One line of the account."""

    on: date
    sort: Sort
    amount: int
    """What it adds to the balance; negative: takes from it."""
    balance: int = 0
    """The balance after it."""
    instalment: int | None = None
    """Of a charge, the instalment that it is of."""
    reference: str = ""
    """The number of the payment, or of what else it is."""
    fee: int = 0
    """Of a payment, what it paid of fees."""
    penalty: int = 0
    interest: int = 0
    principal: int = 0
    credit: int = 0
    """Of a payment, what was left."""


class Statement(NamedTuple):
    """A part of the account."""

    start: date
    end: date
    opening: int
    """The balance at the end of the day before `start`."""
    lines: tuple[Line, ...]
    charged: dict[Sort, int]
    """What the loan cost in the period, by what it was for."""
    paid: int
    """What was paid in it, less what bounced or was given back."""
    closing: int
    """The balance at the end of `end`."""


def statement(loan: Loan, start: date, end: date, policy: Policy) -> Statement:
    """The account from one day to another, both included."""
    before, within = _cut(transactions(loan, end, policy, cut=start), start)
    opening = before[-1].balance if before else 0
    charged = {sort: sum(line.amount for line in within if line.sort is sort) for sort in Sort if sort in CHARGES}
    paid = -sum(line.amount for line in within if line.sort in (Sort.PAYMENT, Sort.REVERSAL, Sort.REFUND))
    closing = within[-1].balance if within else opening
    return Statement(start, end, opening, tuple(within), charged, paid, closing)


def transactions(loan: Loan, end: date, policy: Policy, cut: date | None = None) -> list[Line]:
    """Every line until the end of a day, with the running balance. cut: penalty interest is told apart before it."""
    if loan.disbursed_on is None:
        return []
    replay = _Replay(loan, policy)
    lines = [*replay.lines(end, cut), *_bounced(loan, end)]
    lines.sort(key=lambda line: (line.on, line.sort is not Sort.DISBURSEMENT, line.sort not in CHARGES))
    balance, told = 0, []
    for line in lines:
        balance += line.amount
        told.append(line._replace(balance=balance))
    return told


def _cut(lines: list[Line], start: date) -> tuple[list[Line], list[Line]]:
    place = next((number for number, line in enumerate(lines) if line.on >= start), len(lines))
    return lines[:place], lines[place:]


def _bounced(loan: Loan, end: date) -> Iterator[Line]:
    """Payments that were taken back: as they came, and as they went; those never applied are not the loan's."""
    for entry in loan.entries:
        if entry.kind is not Kind.PAYMENT or entry.undone_on is None or entry.applied_on is None:
            continue
        came = max(entry.value_date, loan.disbursed_on or entry.value_date)
        if came <= end:
            yield Line(came, Sort.PAYMENT, -entry.amount, reference=entry.id)
        if entry.undone_on <= end:
            yield Line(entry.undone_on, Sort.REVERSAL, entry.amount, reference=entry.id)


@dataclass(slots=True)
class _Charges:
    """All that was charged so far, by instalment; what became principal is charged for good."""

    interest: dict[int, int] = field(default_factory=dict)
    fee: dict[int, int] = field(default_factory=dict)
    late_fee: dict[int, int] = field(default_factory=dict)
    penalty: dict[int, int] = field(default_factory=dict)


class _Replay:
    """A loan's life, once more."""

    def __init__(self, loan: Loan, policy: Policy) -> None:
        self.loan = loan
        self.walk: Walk = derived(loan, policy, ())
        self.known = _Charges()
        self.grace = policy.product(loan).grace_days

    def lines(self, end: date, cut: date | None) -> Iterator[Line]:
        """Every line until a day."""
        contract, first = self.loan.contract, self.loan.disbursed_on
        if first is None or first > end:
            return
        yield Line(first, Sort.DISBURSEMENT, contract.principal - contract.later)
        waiting = [entry for entry in in_order(self._applied(), first) if self.walk.effective(entry) <= end]
        for day in self._days(waiting, end, cut):
            yield from self._until(day)
            while waiting and self.walk.effective(waiting[0]) <= day:
                yield from self._entry(waiting.pop(0), day)

    def _applied(self) -> Iterable[Entry]:
        """What the loan is derived from."""
        return (
            entry
            for entry in self.loan.entries
            if entry.undone_on is None
            and entry.applied_on is not None
            and not (entry.kind is Kind.WAIVER and entry.channel == "small_balance")
        )

    def _days(self, entries: Iterable[Entry], end: date, cut: date | None) -> Iterator[date]:
        """The days on which something may be charged or counted, with those that entries add on the way."""
        day = self.loan.disbursed_on or end
        fixed = {self.walk.effective(entry) for entry in entries} | {end}
        if cut is not None and cut > day:
            fixed.add(cut - _DAY)
        while day <= end:
            yield day
            due = {row.due_date for row in self.walk.rows} | {
                row.due_date + timedelta(days=self.grace + 1) for row in self.walk.rows if row.outstanding
            }
            coming = [each for each in fixed | due if each > day]
            if not coming or min(coming) > end:
                return
            day = min(coming)

    def _until(self, day: date) -> Iterator[Line]:
        self.walk.advance(day)
        yield from self._charged(day)

    def _charged(self, day: date) -> Iterator[Line]:
        """What was charged since the last time; negative where a charge was cancelled."""
        due = [row for row in self.walk.rows if row.due_date <= day]
        for sort, known, now in (
            (Sort.INTEREST, self.known.interest, {row.number: row.interest for row in due}),
            (Sort.FEE, self.known.fee, {row.number: row.fee for row in due}),
            (Sort.LATE_FEE, self.known.late_fee, {row.number: row.late_fee for row in self.walk.rows}),
            (Sort.PENALTY, self.known.penalty, {row.number: row.penalty for row in self.walk.rows}),
        ):
            for number in sorted(known.keys() | now.keys()):
                if more := now.get(number, 0) - known.get(number, 0):
                    yield Line(day, sort, more, instalment=number)
                    known[number] = now.get(number, 0)

    def _entry(self, entry: Entry, day: date) -> Iterator[Line]:
        place = len(self.walk.outcomes)
        if entry.kind is Kind.RELIEF:
            yield from self._relief(entry, day)
            return
        self.walk.apply(entry)
        for outcome in self.walk.outcomes[place:]:
            yield from self._line(outcome.entry, day)
        yield from self._charged(day)

    def _relief(self, entry: Entry, day: date) -> Iterator[Line]:
        """Arrears that became principal stay charged as they were: only the loan counts them otherwise from now on."""
        before = {row.number: row for row in self.walk.rows}
        self.walk.apply(entry)
        applied = self.walk.outcomes[-1].entry
        yield from self._line(applied, day)
        if any(applied.capitalised):
            for row in self.walk.rows:
                was = before.get(row.number)
                if was is not None and was.due_date <= day and row.due_date == was.due_date:
                    self.known.interest[row.number] = row.interest
                    self.known.fee[row.number] = row.fee
                    self.known.late_fee[row.number] = row.late_fee
                    self.known.penalty[row.number] = row.penalty
        yield from self._charged(day)

    def _line(self, entry: Entry, day: date) -> Iterator[Line]:
        if entry.kind is Kind.PAYMENT:
            yield _payment(entry, day)
            if entry.fee:
                yield Line(day, Sort.PREPAYMENT_FEE, entry.fee, reference=entry.id)
        elif entry.kind in (Kind.TRANCHE, Kind.DRAW):
            yield Line(day, Sort.DISBURSEMENT, entry.amount, reference=entry.id)
        elif entry.kind is Kind.REFUND:
            yield Line(day, Sort.REFUND, entry.amount, reference=entry.reason or entry.id)
        elif entry.kind is Kind.CHARGE_OFF:
            yield Line(day, Sort.CHARGE_OFF, 0, reference=entry.reason)
        else:
            sort = Sort.WAIVER if entry.kind is Kind.WAIVER else Sort.RELIEF
            fee, penalty, interest, principal = _sums(entry.parts)
            amount = -(fee + penalty + interest + principal)
            yield Line(day, sort, amount, 0, None, entry.id, fee, penalty, interest, principal)


def _payment(entry: Entry, day: date) -> Line:
    fee, penalty, interest, principal = _sums(entry.parts)
    return Line(
        day,
        Sort.PAYMENT,
        -entry.amount,
        0,
        None,
        entry.id,
        fee + entry.fee,
        penalty,
        interest,
        principal,
        entry.unallocated,
    )


def _sums(parts: Iterable[Part]) -> tuple[int, int, int, int]:
    rows = list(parts)
    return (
        sum(part.fee for part in rows),
        sum(part.penalty for part in rows),
        sum(part.interest for part in rows),
        sum(part.principal for part in rows),
    )
