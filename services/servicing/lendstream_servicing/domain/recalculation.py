"""Interest by the day on what is really owed: how a walk keeps a loan whose product charges it so.

Of the running period so much is known as was earned until the balance last changed (the walk's anchor); from there on
the balance bears interest by the day. Each stretch between two changes is rounded on its own. While something is
overdue, the instalment is told as if that were paid today: until today on what is really owed, from today on as
scheduled. Each day that it is not paid, the instalment grows.

When the interest of an instalment changes, its total stays where instalments have a size (more interest, less
principal) and its principal where they have not; the last one that is still owed takes what is left.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from lendstream.amortization import Instalment as Row
from lendstream.amortization import Method
from lendstream.amortization.charges import subsidies_left, with_subsidies
from lendstream.amortization.rounding import DIVIDE

from .loan import Instalment, Kind

if TYPE_CHECKING:
    from .walk import Walk

_LEVEL = frozenset({Method.EQUAL_INSTALMENT, Method.BALLOON, Method.INCOME_BASED, Method.FIXED_PAYMENT})
"""The methods whose instalments have a size."""


class Mark(NamedTuple):
    """Where a loan stands before something changes it."""

    on: date
    interest: int
    """The customer's interest of the running period until then."""
    subsidy: int
    """The others'."""
    owed: int
    """Principal that is really owed."""


class ByDay:
    """A walk's interest by the day."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.late = walk.loan.late_interest
        payouts = [each for each in walk.loan.payouts if each.kind is Kind.TRANCHE and not each.cancelled]
        self.draws = [(each.done_on or each.pay_on, each.amount) for each in payouts]

    def mark(self, on: date) -> Mark:
        """Where the loan stands, before an entry of that day."""
        interest, subsidy = self.accrued(self.walk.first_after(on), on)
        return Mark(on, interest, subsidy, self._owed(on))

    def fix(self, mark: Mark) -> None:
        """What was earned until then is known, whatever the balance becomes."""
        self.walk.anchor = (mark.on, mark.interest, mark.subsidy)

    def moved(self, mark: Mark) -> None:
        """If another balance is owed than at the mark, it bears interest from there on."""
        if self._owed(mark.on) != mark.owed:
            self.fix(mark)
            self.resplit(self.walk.first_after(mark.on), mark.on)

    def advance(self, to: date) -> None:
        """Charge every period that ended until a day what was really owed in it, and the running one until the day."""
        walk, self.late = self.walk, 0
        place = walk.first_after(walk.at or walk.loan.contract.interest_from)
        arrears = sum([row.principal - row.principal_paid for row in walk.rows[:place]])
        while True:
            if place == len(walk.rows) and not (arrears and self._prolonged(to)):
                return
            row = walk.rows[place]
            if arrears:
                self.resplit(place, min(row.due_date, to))
            row = walk.rows[place]
            if row.due_date > to:
                break
            arrears += row.principal - row.principal_paid
            place += 1
        if arrears:
            self.late = self._earned(place, row.due_date) - row.interest - row.subsidy

    def accrued(self, place: int, on: date) -> tuple[int, int]:
        """What the running period earned until a day: the customer's interest and the others'."""
        if place >= len(self.walk.rows):
            return 0, 0
        row, earned = self.walk.rows[place], self._earned(place, on)
        whole = row.interest + row.subsidy
        subsidy = DIVIDE[self.walk.product.rounding](earned * row.subsidy, whole) if row.subsidy else 0
        return earned - subsidy, subsidy

    def resplit(self, reached: int, on: date) -> None:
        """The instalments to come with the interest of what is really owed, as of a day.

        Interest paid in advance stays with the instalment it was paid on, as the customer was told; what of it is not
        owed any more is taken off the interest of those after it.
        """
        walk = self.walk
        if reached >= len(walk.rows):
            return
        coming = walk.rows[reached:]
        unpaid = [row.principal - row.principal_paid for row in coming]
        last = max((place for place, owed in enumerate(unpaid) if owed), default=-1)
        level, left, charged, principals = walk.loan.contract.method in _LEVEL, sum(unpaid), [], []
        beyond = 0
        for place, row in enumerate(coming):
            due = self._running(reached, on) if not place else self._whole(reached + place, left)
            interest = max(due - beyond, row.interest_paid)
            beyond += interest - due
            part = unpaid[place]
            if place == last:
                part = left
            elif part and level:
                total = row.principal + row.interest + row.subsidy
                part = min(max(total - interest - row.principal_paid, 0), left)
            left -= part
            charged.append(interest)
            principals.append(row.principal_paid + part)
        self._write(reached, charged, principals)

    def _write(self, reached: int, charged: list[int], principals: list[int]) -> None:
        """Put interest and principal into the instalments."""
        walk, changed = self.walk, False
        borne = self._borne(reached, charged)
        for place, (interest, subsidy, principal) in enumerate(zip(charged, borne, principals, strict=True), reached):
            row = walk.rows[place]
            own = max(interest - subsidy, row.interest_paid)
            new = row._replace(principal=principal, interest=own, subsidy=subsidy)
            if new != row:
                if not changed:
                    walk.keep_original()
                changed = True
                walk.rows[place] = new._replace(settled_on=None) if new.outstanding else new

    def _borne(self, reached: int, charged: list[int]) -> list[int]:
        """What others bear of the interest of the instalments to come."""
        terms = self.walk.axis(reached).opening
        if not terms.options.subsidies:
            return [0] * len(charged)
        left = subsidies_left(terms, [(row.number, row.interest, row.subsidy) for row in self.walk.rows[:reached]])
        terms = replace(terms, options=replace(terms.options, subsidies=left))
        coming = zip(self.walk.rows[reached:], charged, strict=True)
        rows = [Row(row.number, row.due_date, 0, interest, 0, 0) for row, interest in coming]
        return [row.subsidy for row in with_subsidies(terms, rows)[0]]

    def _running(self, place: int, on: date) -> int:
        """Interest of the running period, if what is overdue is paid on the day."""
        row = self.walk.rows[place]
        if all(each.principal == each.principal_paid for each in self.walk.rows[:place]):
            return self._earned(place, row.due_date)
        coming = sum([each.principal - each.principal_paid for each in self.walk.rows[place:]])
        return self._earned(place, on) + self._between(place, coming - self._later(on), on, row.due_date)

    def _whole(self, place: int, unpaid: int) -> int:
        """Interest of a period to come, at whose beginning so much principal is unpaid."""
        start = self.walk.start_of(place)
        return self._between(place, unpaid - self._later(start), start, self.walk.rows[place].due_date)

    def _earned(self, place: int, on: date) -> int:
        """Everyone's interest of the running period until a day."""
        known, interest, subsidy = self.walk.anchor
        start = self.walk.start_of(place)
        if known is None or not start <= known <= on:
            known, interest, subsidy = start, 0, 0
        return interest + subsidy + self._between(place, self._owed(known), known, on)

    def _between(self, place: int, balance: int, start: date, end: date) -> int:
        """Interest from one day of a period to another, on a balance that later payouts add to."""
        row, total = self.walk.rows[place], 0
        course = self.walk.axis(place)
        at, opens = row.number - course.first, self.walk.start_of(place)
        for on, amount in (*self.draws, (end, 0)):
            if start < on <= end:
                first, last = (None if start == opens else start), (None if on == row.due_date else on)
                total += course.interest(at, balance, first, last)
                balance, start = balance + amount, on
        return total

    def _owed(self, on: date) -> int:
        """The principal that is really owed at the end of a day."""
        return sum([row.principal - row.principal_paid for row in self.walk.rows]) - self._later(on)

    def _later(self, on: date) -> int:
        """Principal that is paid out after a day."""
        return sum([amount for day, amount in self.draws if day > on])

    def _prolonged(self, to: date) -> bool:
        """After the last due date what is unpaid bears interest with a further instalment: whether there is one."""
        walk = self.walk
        if not walk.product.interest_after_maturity or walk.rows[-1].due_date >= to:
            return False
        walk.keep_original()
        course = walk.axis(len(walk.rows) - 1)
        number = walk.rows[-1].number + 1
        due = course.reaching(number - course.first).periods.dues[number - course.first]
        walk.rows.append(Instalment(number, due, 0, 0, 0))
        return True
