"""How borrowers repay: what a habit means, and which payments it makes on a day. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from lendstream.events.loan import LoanOpened, PaymentApplied
from lendstream_simulator.seeded import draw, identifier


class Habit(StrEnum):
    """How a borrower treats every instalment of a loan."""

    ON_TIME = "on time"
    EARLY = "early"
    """Before the first reminder is due, or between the reminders."""
    LATE = "late"
    PARTIAL = "partial"
    """Half on the day, the rest later."""
    TWICE = "twice"
    """Two payments of the whole instalment, by mistake."""
    REPEATED = "repeated"
    """One payment that its channel reports twice."""
    SETTLES = "settles"
    """Everything that is owed, with the first instalment."""
    NEVER = "never"


SHARES = {
    Habit.ON_TIME: 0.52,
    Habit.EARLY: 0.12,
    Habit.LATE: 0.14,
    Habit.PARTIAL: 0.05,
    Habit.TWICE: 0.03,
    Habit.REPEATED: 0.04,
    Habit.SETTLES: 0.04,
    Habit.NEVER: 0.06,
}
AFTERTHOUGHT = "unknown loan"
"""The heading in statistics of payments whose loan nobody knows."""


class Share(StrEnum):
    """How much a step pays."""

    OPEN = "what is open of the instalment"
    WHOLE = "the whole instalment again"
    HALF = "half of the instalment"
    EVERYTHING = "what is open of the loan"


@dataclass(frozen=True, slots=True)
class Script:
    """What a borrower does about a loan, for its whole life."""

    habit: Habit
    days: int
    """Days early or late, where the habit is to be so."""


@dataclass(frozen=True, slots=True)
class Step:
    """One payment of an instalment, so many days after it is due."""

    name: str
    after: int = 0
    share: Share = Share.OPEN
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment to make: `copies` records of the same money."""

    payment_id: str
    instalment: int
    amount: int
    copies: int = 1


@dataclass(slots=True)
class Account:
    """A loan as its borrower knows it: the schedule, and what payments went to."""

    opened: LoanOpened
    script: Script
    disbursed: bool = False
    ended: bool = False
    settled: set[int] = field(default_factory=set)
    allocated: dict[int, int] = field(default_factory=dict)
    """By instalment: what payments reduced of it, penalties apart."""
    sent: dict[str, date] = field(default_factory=dict)
    """Payments made and their value dates."""
    applied: set[str] = field(default_factory=set)

    def apply(self, event: PaymentApplied) -> None:
        """Note where a payment went."""
        if event.payment_id in self.applied:
            return
        self.applied.add(event.payment_id)
        for part in event.allocations:
            paid = part.fee + part.interest + part.principal
            self.allocated[part.instalment] = self.allocated.get(part.instalment, 0) + paid
            if part.settled:
                self.settled.add(part.instalment)

    def open(self, number: int) -> int:
        """What is left of an instalment by the schedule."""
        row = self.opened.instalments[number - 1]
        total = row.fee + row.interest + row.principal
        return 0 if number in self.settled else max(0, total - self.allocated.get(number, 0))

    def open_in_all(self) -> int:
        """What is left of all instalments by the schedule."""
        return sum(self.open(row.number) for row in self.opened.instalments)


def script(seed: int, loan_id: UUID) -> Script:
    """The borrower's habit, which depends on nothing but the seed and the loan."""
    rng = draw(seed, "habit", loan_id)
    habit = rng.choices(list(SHARES), list(SHARES.values()))[0]
    return Script(habit, rng.choice((2, 5, 9)) if habit is Habit.EARLY else rng.choice((2, 4, 8, 12, 20)))


def steps(script: Script, number: int) -> tuple[Step, ...]:
    """The payments that a habit makes for an instalment, in order."""
    match script.habit:
        case Habit.EARLY:
            return (Step("full", -script.days),)
        case Habit.LATE:
            return (Step("full", script.days),)
        case Habit.PARTIAL:
            return (Step("half", share=Share.HALF), Step("rest", script.days))
        case Habit.TWICE:
            return (Step("full"), Step("again", share=Share.WHOLE))
        case Habit.REPEATED:
            return (Step("full", copies=2),)
        case Habit.SETTLES:
            return (Step("full", share=Share.EVERYTHING),)
        case Habit.NEVER:
            return ()
        case _:
            return (Step("full"),)


def payment_id(loan_id: UUID, number: int, name: str) -> str:
    """The channel's number of a payment: the same for the same step, whenever it is made."""
    return f"pay_{identifier('payment', loan_id, number, name).hex}"


def payments_on(day: date, account: Account) -> Iterator[Payment]:
    """The payments that the borrower makes on a day, all those missed on days that were skipped included."""
    if not account.disbursed or account.ended:
        return
    for row in account.opened.instalments:
        if row.due_date - timedelta(days=31) > day:
            return
        if account.open(row.number):
            yield from _of_instalment(day, account, row.number, row.due_date)


def _of_instalment(day: date, account: Account, number: int, due: date) -> Iterator[Payment]:
    made: list[str] = []
    paying = False
    for step in steps(account.script, number):
        payment = payment_id(account.opened.loan_id, number, step.name)
        if payment in account.sent:
            made.append(payment)
        elif due + timedelta(days=step.after) > day or (paying and step.share is not Share.WHOLE):
            return  # a step that pays what is open waits until it is known what the step before left
        else:
            paying = True
            yield Payment(payment, number, _amount(account, number, step.share), step.copies)
    if not paying:
        yield from _what_is_left(day, account, number, made)


def _what_is_left(day: date, account: Account, number: int, made: list[str]) -> Iterator[Payment]:
    """Penalties take a part of a late payment: what that leaves open is paid on the next day, and so on."""
    while made and account.applied.issuperset(made):
        payment = payment_id(account.opened.loan_id, number, f"left-{len(made)}")
        if payment not in account.sent:
            if max(account.sent[each] for each in made) < day:
                yield Payment(payment, number, account.open(number))
            return
        made.append(payment)


def _amount(account: Account, number: int, share: Share) -> int:
    row = account.opened.instalments[number - 1]
    match share:
        case Share.OPEN:
            return account.open(number)
        case Share.EVERYTHING:
            return account.open_in_all()
        case Share.WHOLE:
            return row.fee + row.interest + row.principal
        case Share.HALF:
            return max(1, account.open(number) // 2)
