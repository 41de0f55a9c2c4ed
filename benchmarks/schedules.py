"""Schedules generated per second, with dates and actual-day interest, against the loop that a textbook writes.

python -m benchmarks.schedules [--json]

Every loan is another: its own amount, and a disbursement on one of 365 days. The engine keeps the due dates and the
days between them once it has met them (all loans of a day share them): that is the first figure. The second is
what a day's very first loan costs.
"""

import time
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from benchmarks.measure import Figure
from lendstream.amortization import (
    Accrual,
    Conventions,
    DayCount,
    Level,
    Method,
    Schedule,
    Terms,
    disclose,
    generate,
    periods,
)

TENORS = (6, 12, 36)
RATE = Decimal("0.18")
CENT = Decimal("0.01")
CONVENTIONS = Conventions(day_count=DayCount.ACTUAL_365, accrual=Accrual.DAILY, level=Level.PERIODS)
FIRST_DAY = date(2026, 1, 1)
ROUNDS, LOANS = 40, 365

Row = tuple[int, date, Decimal, Decimal, Decimal, Decimal]


def textbook(principal: Decimal, annual_rate: Decimal, instalments: int, disbursed_on: date) -> list[Row]:
    """等额本息 with interest by actual days, as a textbook's program does it: this one case, nothing else."""
    monthly = annual_rate / 12
    growth = (1 + monthly) ** instalments
    payment = (principal * monthly * growth / (growth - 1)).quantize(CENT, ROUND_HALF_UP)
    rows: list[Row] = []
    balance, since = principal, disbursed_on
    for number in range(1, instalments + 1):
        year, month = divmod(disbursed_on.year * 12 + disbursed_on.month - 1 + number, 12)
        due = date(year, month + 1, min(disbursed_on.day, monthrange(year, month + 1)[1]))
        interest = (balance * annual_rate * (due - since).days / 365).quantize(CENT, ROUND_HALF_UP)
        part = balance if number == instalments else payment - interest
        balance -= part
        rows.append((number, due, part, interest, part + interest, balance))
        since = due
    return rows


def engine(principal: int, instalments: int, disbursed_on: date) -> Schedule:
    """The same loan by the engine, terms checked and all."""
    return generate(Terms(principal, RATE, instalments, Method.EQUAL_INSTALMENT, disbursed_on, CONVENTIONS))


def agree(instalments: int) -> None:
    """Both must give the same rows, or their speeds cannot be compared."""
    for day in range(LOANS):
        opened, principal = FIRST_DAY + timedelta(day), 1_000_000 + 137 * day
        theirs = textbook(Decimal(principal) / 100, RATE, instalments, opened)
        ours = engine(principal, instalments, opened).instalments
        for row, same in zip(theirs, ours, strict=True):
            amounts = tuple(int(amount * 100) for amount in row[2:])
            assert (row[0], row[1], *amounts) == (
                same.number,
                same.due_date,
                same.principal,
                same.interest,
                same.total,
                same.balance_after,
            )


def fastest(runs: dict[str, Callable[[int], None]]) -> dict[str, float]:
    """Loans per second of each, by processor time, taking turns, the best of all rounds."""
    best = dict.fromkeys(runs, 0.0)
    for number in range(ROUNDS):
        for name, run in runs.items():
            started = time.process_time()
            run(number)
            best[name] = max(best[name], LOANS / (time.process_time() - started))
    return best


def days(number: int) -> Iterator[tuple[int, date]]:
    """A year of loans; another amount in every round."""
    for day in range(LOANS):
        yield 1_000_000 + 137 * day + number, FIRST_DAY + timedelta(day)


def measure(instalments: int) -> list[Figure]:
    """All the figures of a tenor."""

    def by_textbook(number: int) -> None:
        for principal, opened in days(number):
            textbook(Decimal(principal) / 100, RATE, instalments, opened)

    def by_engine(number: int) -> None:
        for principal, opened in days(number):
            engine(principal, instalments, opened)

    def first_of_the_day(number: int) -> None:
        periods.forget()
        by_engine(number)

    def disclosed(number: int) -> None:
        for principal, opened in days(number):
            disclose(engine(principal, instalments, opened))

    speeds = fastest({"textbook": by_textbook, "engine": by_engine, "first": first_of_the_day, "disclosed": disclosed})
    floor = ("the textbook's Decimal loop", speeds["textbook"], "schedules/s")
    return [
        Figure(f"{instalments} instalments", speeds["engine"], *floor, goal=1.0),
        Figure(f"{instalments} instalments, first loan of its day", speeds["first"], *floor, goal=1.0),
        Figure(f"{instalments} instalments with APR and disclosure", speeds["disclosed"], *floor, goal=0.5),
    ]


def main() -> None:
    """Measure and print."""
    for instalments in TENORS:
        agree(instalments)
        for figure in measure(instalments):
            figure.show()


if __name__ == "__main__":
    main()
