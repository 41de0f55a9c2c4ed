"""What a borrower is like, for a loan's whole life: drawn once from the seed and the loan. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from lendstream_simulator.seeded import draw


class Habit(StrEnum):
    """How a borrower treats the instalments of a loan."""

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
    BACKDATED = "reported late"
    """Paid on the day, but the channel tells of it days later, with the day's value date."""
    FOREIGN = "foreign currency"
    """In another currency first, by mistake, then as it should be."""
    SETTLES = "settles"
    """Everything that is owed, with the first instalment and without a word."""
    PAYS_OFF = "pays off"
    """Asks for the pay-off amount after the first instalment, and pays it."""
    LOWERS = "lowers the instalment"
    """Repays principal early, to pay less with each instalment."""
    SHORTENS = "shortens the loan"
    """Repays principal early, to be done sooner."""
    RETURNS = "returns"
    """Gives the loan back within the days of cooling off."""
    FALLS_ILL = "falls ill"
    """Asks for relief, and pays nothing until it is granted."""
    NEVER = "never"


class Means(StrEnum):
    """How a borrower pays: never both for one instalment."""

    TRANSFER = "transfer"
    DEBIT = "direct debit"


SHARES = {
    Habit.ON_TIME: 0.40,
    Habit.EARLY: 0.10,
    Habit.LATE: 0.13,
    Habit.PARTIAL: 0.05,
    Habit.TWICE: 0.03,
    Habit.REPEATED: 0.04,
    Habit.BACKDATED: 0.04,
    Habit.FOREIGN: 0.02,
    Habit.SETTLES: 0.02,
    Habit.PAYS_OFF: 0.03,
    Habit.LOWERS: 0.02,
    Habit.SHORTENS: 0.02,
    Habit.RETURNS: 0.02,
    Habit.FALLS_ILL: 0.03,
    Habit.NEVER: 0.05,
}
BY_DEBIT = 0.75
"""The share that leaves it to the lender to collect, of those whose habit goes with that."""
_GOES_WITH_DEBIT = {Habit.ON_TIME, Habit.LATE, Habit.PAYS_OFF, Habit.LOWERS, Habit.SHORTENS, Habit.NEVER}
"""The others choose the day or the amount themselves."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a borrower does about a loan, for its whole life."""

    habit: Habit
    days: int
    """Days early or late, where the habit is to be so."""
    means: Means = Means.TRANSFER

    @property
    def funds_after(self) -> int:
        """Days after a due date on which there is money on the account: payday, for those who are late."""
        return self.days if self.habit is Habit.LATE else 0


def script(seed: int, loan_id: UUID) -> Script:
    """The borrower's script, which depends on nothing but the seed and the loan."""
    rng = draw(seed, "habit", loan_id)
    habit = rng.choices(list(SHARES), list(SHARES.values()))[0]
    days = rng.choice((2, 5, 9)) if habit is Habit.EARLY else rng.choice((2, 4, 8, 12, 20))
    debit = rng.random() < BY_DEBIT and habit in _GOES_WITH_DEBIT
    return Script(habit, days, Means.DEBIT if debit else Means.TRANSFER)
