"""What a loan officer would work out with a table of annuities and a calendar: nothing of the platform is used.

Fractions throughout, rounded half up where money is charged; a year of 360 days.
"""

from datetime import date
from fractions import Fraction


def cents(amount: Fraction) -> int:
    """Half up."""
    return int(amount * 2 + 1) // 2


def annuity(principal: int, rate: Fraction, periods: int) -> Fraction:
    """The level payment that repays a principal at so much interest a period."""
    return principal * rate / (1 - (1 + rate) ** -periods)


def annuity_after(principal: int, first: int, rate: Fraction, periods: int) -> Fraction:
    """The same where the interest of the first period is known: the payments' present value is the principal."""
    discount, present = Fraction(1), Fraction(0)
    for period in range(periods):
        discount /= 1 + (Fraction(first, principal) if period == 0 else rate)
        present += discount
    return principal / present


def table(principal: int, rate: Fraction, periods: int, first: int | None = None) -> list[tuple[int, int]]:
    """Principal and interest of each level payment; the last one takes the rest."""
    level = cents(
        annuity(principal, rate, periods) if first is None else annuity_after(principal, first, rate, periods)
    )
    rows = []
    for period in range(periods):
        interest = cents(principal * rate) if period or first is None else first
        part = level - interest if period < periods - 1 else principal
        rows.append((part, interest))
        principal -= part
    return rows


class Card:
    """A customer's card: what is due when, and what each payment settles, oldest instalment first.

    Of an instalment the penalty comes first, then interest, then principal. Penalty interest is charged on overdue
    principal, day by day since the due date, once the days of grace are over.
    """

    def __init__(self, rows: list[tuple[date, int, int]], penalty_rate: Fraction, grace: int) -> None:
        self.due = [due for due, _, _ in rows]
        self.principal = [principal for _, principal, _ in rows]
        self.interest = [interest for _, _, interest in rows]
        self.penalty = [0] * len(rows)
        self.penalty_paid = [0] * len(rows)
        self.late = [0] * len(rows)
        self.rate, self.grace = penalty_rate, grace
        self.today = min(self.due)

    def until(self, day: date) -> None:
        """Let the days pass."""
        while self.today < day:
            self.today = date.fromordinal(self.today.toordinal() + 1)
            for place, due in enumerate(self.due):
                if due < self.today:
                    self.late[place] += self.principal[place]
                if self.principal[place] and (self.today - due).days > self.grace:
                    self.penalty[place] = cents(self.late[place] * self.rate / 360) - self.penalty_paid[place]

    def pay(self, amount: int, on: date) -> int:
        """Write a payment down; returns what is left of it."""
        self.until(on)
        for place in range(len(self.due)):
            for column in (self.penalty, self.interest, self.principal):
                part = min(column[place], amount)
                column[place] -= part
                amount -= part
                if column is self.penalty:
                    self.penalty_paid[place] += part
        return amount

    def owed(self) -> list[tuple[int, int, int]]:
        """Penalty, interest and principal owed of each instalment."""
        return list(zip(self.penalty, self.interest, self.principal, strict=True))
