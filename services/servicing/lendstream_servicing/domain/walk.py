"""A walk through a loan's life: day by day what lateness costs, entry by entry what it settles.

    walk = Walk(loan, policy)        # where the loan stands
    walk.apply(entry)                # an entry that comes after all the others
    derived(loan, policy, entries)   # the same from the opening on, in the order of value dates

The two ways give the same loan; the first is what happens nearly always and costs least. The walk changes lists of its
own; loans and entries stay as they are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from operator import itemgetter
from typing import NamedTuple
from uuid import uuid5

from lendstream.amortization import Course, Keep, Method, Recast, Subsidy, TermsError
from lendstream.amortization.charges import subsidies_left
from lendstream.amortization.rounding import DIVIDE
from lendstream.catalogue import AllocationBy, Due, InAdvance, InterestOn, PayoffInterest, Product
from lendstream.events.loan import ClosingReason, WaiverReason
from lendstream.events.payment import PaymentIntent

from .lateness import aged
from .loan import Entry, Instalment, Kind, Loan, Part, Policy, Status, replace
from .recalculation import ByDay, Mark
from .relief import Arrears, Draw, Relief, Waiver
from .schedules import base, base_course
from .settling import EVERY, PRINCIPAL, Split, places_of, renumbered, settled, unpaid_of, with_paid

_DAY = timedelta(days=1)
_KEEP = {
    PaymentIntent.LOWER_INSTALMENT: Keep.TENOR,
    PaymentIntent.FEWER_INSTALMENTS: Keep.INSTALMENT,
    InAdvance.LOWER_INSTALMENT: Keep.TENOR,
    InAdvance.FEWER_INSTALMENTS: Keep.INSTALMENT,
}


class Rederive(Exception):
    """The walk needs what happened before where it started."""


_REPAYS_PRINCIPAL = frozenset({*_KEEP, InAdvance.NEXT_THEN_LOWER})
"""Asked for this, money goes to the principal."""


class Payoff(NamedTuple):
    """What repaying everything on a day takes, minor units."""

    overdue: int
    """Everything of the instalments due until then."""
    principal: int
    """Principal of the instalments to come."""
    interest: int
    """Interest of the running period until then."""
    prepayment_fee: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.overdue + self.principal + self.interest + self.prepayment_fee


class Outcome(NamedTuple):
    """An entry as it was applied, and what was owed after it."""

    entry: Entry
    principal_outstanding: int
    total_outstanding: int
    recalculated: bool = False
    """Another schedule after it comes from nothing but interest on what is really owed."""


_due_date = itemgetter(1)
_NO_ROW = Instalment(0, date.min, 0, 0, 0)


class Walk:
    """Where a loan stands, while entries are applied to it."""

    def __init__(self, loan: Loan, policy: Policy) -> None:
        self.loan = loan
        self.policy = policy
        self.product: Product = policy.product(loan)
        self.rows = list(loan.instalments)
        self.undrawn = loan.undrawn + sum(
            entry.amount for entry in loan.entries if entry.kind is Kind.TRANCHE and entry.applied_on is None
        )
        self.credit = loan.credit
        self.at = loan.walked_to
        self.anchor = (loan.anchor_on, loan.anchor_interest, loan.anchor_subsidy)
        self.annual_rate = loan.annual_rate
        self.original = loan.original
        self.charged_off_on = loan.charged_off_on
        self.ended: tuple[date, ClosingReason] | None = (
            (loan.ended_on, loan.ending) if loan.ended_on and loan.ending else None
        )
        self.outcomes: list[Outcome] = []
        self.cut: int | None = None
        """The last instalment's number, where those after it are gone: what was settled of them counts on it."""
        self._course: Course | None = None
        self._earlier: list[Course] = []
        self._base: Course | None = None
        self._rescheduled = False
        self.by_day = ByDay(self) if self.product.interest_on is InterestOn.OUTSTANDING else None
        self._from_opening = not loan.original
        self._counted: list[Instalment] = []
        self._sums = (0, 0)

    # -- what is owed

    @property
    def principal_outstanding(self) -> int:
        """Principal still owed."""
        return sum([row[2] - row[8] for row in self.rows if row[13] is None]) - self.undrawn

    @property
    def total_outstanding(self) -> int:
        """Everything still owed."""
        return self._owed()[1]

    def _owed(self) -> tuple[int, int]:
        """Principal and everything still owed: only instalments that are others than at the last count are counted."""
        principal, total = self._sums
        for row, was in zip_longest(self.rows, self._counted, fillvalue=_NO_ROW):
            if row is not was:
                if row is not _NO_ROW:
                    fee, penalty, interest, part = unpaid_of(row)
                    principal += part
                    total += part + interest + fee + penalty
                if was is not _NO_ROW:
                    fee, penalty, interest, part = unpaid_of(was)
                    principal -= part
                    total -= part + interest + fee + penalty
        self._counted, self._sums = self.rows[:], (principal, total)
        return principal - self.undrawn, total - self.undrawn

    # -- time

    def advance(self, to: date) -> None:
        """What lateness costs until a day: an instalment is overdue from the day after its due date."""
        if self.charged_off_on is not None:
            return
        if self.by_day is not None:
            self.by_day.advance(to)
        for index, row in enumerate(self.rows):
            if row[1] >= to:  # due on
                break
            if row[13] is None and (row.penalty_to is None or row.penalty_to < to) and row.outstanding:
                self.rows[index] = aged(self.product, row, to)
                self.at = to if self.at is None or to > self.at else self.at

    # -- entries

    def apply(self, entry: Entry) -> None:
        """Apply an entry that comes after all those applied before."""
        on = self.effective(entry)
        self.advance(on)
        self.at = on if self.at is None or on > self.at else self.at
        self._rescheduled = False
        mark = self._mark(on)
        applied = _APPLY[entry.kind](self, entry, on)
        if mark is not None and self.by_day is not None and not self._rescheduled:
            self.by_day.moved(mark)
        self.outcomes.append(Outcome(applied, *self._owed(), mark is not None and not self._rescheduled))
        self._end(entry, on)

    def effective(self, entry: Entry) -> date:
        """The day that an entry counts from: not before the payout, nor before a charge-off that was known."""
        on = entry.value_date
        if self.loan.disbursed_on is not None and on < self.loan.disbursed_on:
            on = self.loan.disbursed_on
        if self.charged_off_on is not None and on < self.charged_off_on:
            on = self.charged_off_on
        return on

    def _pay(self, entry: Entry, on: date) -> Entry:
        split, left, fee = Split({}, set()), entry.amount, 0
        recovery = self.charged_off_on is not None
        if self.credit < 0:  # a credit was given back, and the money it came from was then taken away
            return self._make_good(entry, on)
        if entry.intent is PaymentIntent.RETURN and self._returns(entry, on):
            self._drop_charges(on)
        elif not recovery and self._pays_off(entry, on):
            fee = self._call_in(on)
            left -= fee
        reached = len(self.rows) if recovery else self.first_after(on)
        mark = self._mark(on)
        left = self._settle(range(reached), left, on, split, self._allocation(on))
        if mark is not None and self.by_day is not None:
            self.by_day.moved(mark)
        if left and reached < len(self.rows):
            asked = entry.intent or self.product.in_advance
            keep = _KEEP.get(asked)
            if keep is not None:
                left, fee = self._prepay(reached, left, on, keep, split)
            elif asked is InAdvance.NEXT_THEN_LOWER:
                left = self._repay_running(reached, left, on, split, mark)
            left = self._pay_in_advance(reached, left, on, split, mark)
        self.credit += left
        return entry._replace(unallocated=left, fee=fee, parts=split.told(), recovery=recovery)

    def _make_good(self, entry: Entry, on: date) -> Entry:
        """Money for a loan whose customer was given too much back: that first, then the loan."""
        part = min(entry.amount, -self.credit)
        self.credit += part
        if part == entry.amount:
            return entry._replace(unallocated=part, fee=0, parts=(), recovery=self.charged_off_on is not None)
        rest = self._pay(entry._replace(amount=entry.amount - part), on)
        return rest._replace(amount=entry.amount, unallocated=rest.unallocated + part)

    def _allocation(self, on: date) -> Sequence[Due]:
        """What is settled first of what is due."""
        product = self.product
        if product.late_allocation is not None:
            oldest = next((row.due_date for row in self.rows if row.settled_on is None and row.outstanding), on)
            if (on - oldest).days > product.late_allocation_days:
                return product.late_allocation
        return product.allocation

    def _mark(self, on: date) -> Mark | None:
        """Where a loan stands that bears interest by the day."""
        if self.by_day is None or self.charged_off_on is not None:
            return None
        return self.by_day.mark(on)

    def _settle(self, places: Sequence[int], left: int, on: date, split: Split, order: Sequence[Due]) -> int:
        """Settle instalments in the order given; returns what is left."""
        whole = places_of(order)
        rounds = [(due,) for due in whole] if self.product.allocation_by is AllocationBy.PART else [whole]
        for dues in rounds:
            for place in places:
                if not left:
                    return left
                row = self.rows[place]
                if row[13] is None and row.outstanding:  # not settled
                    most = self.principal_outstanding if self.undrawn else None  # of what is not paid out yet, nothing
                    self.rows[place], left = settled(row, left, on, dues, split, most)
        return left

    def _pay_in_advance(self, reached: int, left: int, on: date, split: Split, mark: Mark | None) -> int:
        """Settle instalments to come, as the product orders them; returns what is left."""
        coming = range(reached, len(self.rows))
        if self.product.in_advance is InAdvance.LAST_INSTALMENT:
            coming = coming[::-1]
        elif self.product.in_advance is InAdvance.EVERY_INSTALMENT:
            multiple = self.product.timing.multiple
            part = left // len(coming) // multiple * multiple
            for place in coming:
                share = part if place < coming[-1] else left
                left -= share - self._settle_early((place,), share, on, split, mark)
        return self._settle_early(coming, left, on, split, mark)

    def _settle_early(self, places: Sequence[int], left: int, on: date, split: Split, mark: Mark | None) -> int:
        """Settle instalments before they are due; returns what is left.

        Where interest follows what is owed, principal goes before it: that lowers the interest.
        """
        order = self.product.in_advance_allocation or self.product.allocation
        if mark is None or self.by_day is None:
            return self._settle(places, left, on, split, order) if left else left
        if self.product.in_advance_allocation is None:
            order = (Due.PRINCIPAL, *(due for due in order if due is not Due.PRINCIPAL))
        first = order.index(Due.PRINCIPAL) + 1
        for place in places:
            for dues in (order[:first], order[first:]):
                row = self.rows[place]
                if left and row.settled_on is None and row.outstanding:
                    self.rows[place], left = settled(row, left, on, places_of(dues), split)
                    self.by_day.moved(mark)
        return left

    def _repay_running(self, reached: int, left: int, on: date, split: Split, mark: Mark | None) -> int:
        """Repay the running instalment's principal, and with what is beyond it lower those after it."""
        order = self.product.in_advance_allocation or self.product.allocation
        running = reached - 1 if reached and self.rows[reached - 1].due_date == on else reached
        row = self.rows[running]
        if row.settled_on is None and row.outstanding:
            dues = places_of(order) if mark is None else (PRINCIPAL,)
            self.rows[running], left = settled(row, left, on, dues, split)
            if mark is not None and self.by_day is not None:
                self.by_day.moved(mark)
        before = self._to_come(running + 1)
        if not left or left >= before or self.undrawn:
            return left
        anchor = self.anchor
        try:
            self._recast(running + 1, self.start_of(running + 1), before, before - left)
        except TermsError:
            return left
        self.anchor = anchor  # the running period goes on
        row = self.rows[running]
        self.rows[running] = row._replace(principal=row.principal + left, principal_paid=row.principal_paid + left)
        split.add(row.number, PRINCIPAL, left)
        if mark is not None and self.by_day is not None:
            self.by_day.moved(mark)
        return 0

    def _waive(self, entry: Entry, on: date) -> Entry:
        waiver = Waiver.model_validate_json(entry.detail)
        return entry._replace(parts=self._let_go(on, waiver.parts, waiver.up_to))

    def _let_go(self, on: date, dues: Sequence[Due], up_to: int | None = None) -> tuple[Part, ...]:
        """Settle parts of what is due without money."""
        split, reached = Split({}, set()), self.first_after(on)
        left = up_to if up_to is not None else sum(row.outstanding for row in self.rows[:reached])
        for place in range(reached):
            if left and self.rows[place].outstanding:
                self.rows[place], left = settled(self.rows[place], left, on, places_of(dues), split)
        return split.told()

    def _charge_off(self, entry: Entry, on: date) -> Entry:
        """Everything falls due (宣布提前到期), and all that is owed is given up."""
        reached = self.first_after(on)
        if reached < len(self.rows) and self.product.charge_off_accelerates:
            self._merge(reached, on, *self.accrued(reached, on))
        self._drop_undrawn()
        self.charged_off_on = on
        part = Part(
            0,
            sum(row.fee - row.fee_paid for row in self.rows),
            sum(row.late_fee + row.penalty - row.penalty_paid for row in self.rows),
            sum(row.interest - row.interest_paid for row in self.rows),
            self.principal_outstanding,
            False,
        )
        return entry._replace(parts=(part,))

    def _relieve(self, entry: Entry, on: date) -> Entry:
        relief = Relief.model_validate_json(entry.detail)
        if self.by_day is not None:
            self.by_day.fix(self.by_day.mark(on))  # before the arrears are moved
        waived = self._let_go(on, relief.waive) if relief.waive else ()
        reached = self.first_after(on)
        moved, capitalised = 0, (0, 0, 0)
        if self.charged_off_on is not None or self.undrawn:
            return entry._replace(parts=waived, capitalised=capitalised)  # there is no schedule to change
        rows, original, before = self.rows[:], self.original, self._to_come(reached)
        if relief.arrears is Arrears.CAPITALISE:
            moved, capitalised = self._lift_arrears(reached, on)
        instalments = max(len(rows) - reached + relief.extra_instalments, 1)
        rate, skip = relief.annual_rate, relief.holiday
        try:
            self._recast(reached, on, before, before + moved, annual_rate=rate, instalments=instalments, skip=skip)
        except TermsError:  # nothing is left, or too little for so many instalments
            self.rows, self.original = rows, original
            return entry._replace(parts=waived, capitalised=(0, 0, 0))
        self.annual_rate = self.annual_rate if rate is None else rate
        return entry._replace(parts=waived, capitalised=capitalised)

    def _lift_arrears(self, reached: int, on: date) -> tuple[int, tuple[int, int, int]]:
        """Take what is overdue out of the past instalments; returns it, and what of it was no principal before."""
        self.keep_original()
        interest = fee = penalty = principal = 0
        for place in range(reached):
            row = self.rows[place]
            if not row.outstanding:
                continue
            interest += row.interest - row.interest_paid
            fee += row.fee - row.fee_paid
            penalty += row.late_fee + row.penalty - row.penalty_paid
            principal += row.principal - row.principal_paid
            late_fee = min(row.late_fee, row.penalty_paid)
            self.rows[place] = row._replace(
                principal=row.principal_paid,
                interest=row.interest_paid,
                fee=row.fee_paid,
                late_fee=late_fee,
                penalty=row.penalty_paid - late_fee,
                settled_on=on,
            )
        return principal + interest + fee + penalty, (interest, fee, penalty)

    def _draw(self, entry: Entry, on: date) -> Entry:
        reached = self.first_after(on)
        before = self._to_come(reached)
        instalments = Draw.model_validate_json(entry.detail).instalments
        try:
            self._recast(reached, on, before, before + entry.amount, instalments=instalments)
        except TermsError:  # too little for so many instalments
            self._recast(reached, on, before, before + entry.amount, instalments=1)
        self.ended = None
        return entry

    def _tranche(self, entry: Entry, on: date) -> Entry:
        """The schedule holds it from the opening on, unless the customer has repaid everything since it was ordered."""
        if self.undrawn:
            self.undrawn -= entry.amount
        else:
            row = self.rows[-1]
            more = row.principal + entry.amount
            self.rows[-1] = row._replace(principal=more, settled_on=None, penalty_to=max(row.due_date, on))
        return entry

    def _refund(self, entry: Entry, _: date) -> Entry:
        self.credit -= entry.amount
        return entry

    # -- repaying early

    def payoff(self, on: date) -> Payoff:
        """What repaying everything on a day takes; call `advance` first."""
        reached = self.first_after(on)
        drawn = self._to_come(reached) - self.undrawn
        principal = max(drawn, 0)
        overdue = sum(row.outstanding for row in self.rows[:reached]) + min(drawn, 0)
        interest, _ = self.accrued(reached, on, whole=self.product.payoff_interest is PayoffInterest.WHOLE_PERIOD)
        paid = sum(row.interest_paid for row in self.rows[reached:])
        return Payoff(overdue, principal, max(interest - paid, 0), self._prepayment_fee(principal))

    def accrued(self, place: int, on: date, *, whole: bool = False) -> tuple[int, int]:
        """Interest of the running period, of instalment `place`, until a day: the customer's and the others'."""
        if place >= len(self.rows):
            return 0, 0
        row, start = self.rows[place], self.start_of(place)
        if whole and on > start:
            return row.interest, row.subsidy
        if self.by_day is not None:
            return self.by_day.accrued(place, on)
        known, interest, subsidy = self.anchor
        if known is None or known < start or known > on:
            known, interest, subsidy = start, 0, 0
        elapsed, length = (on - known).days, (row.due_date - known).days
        if elapsed <= 0 or length <= 0:
            return interest, subsidy
        divide = DIVIDE[self.product.rounding]
        return (
            interest + divide((row.interest - interest) * elapsed, length),
            subsidy + divide((row.subsidy - subsidy) * elapsed, length),
        )

    def _pays_off(self, entry: Entry, on: date) -> bool:
        """Whether the money repays everything: asked for, or more than enough where it goes to the principal."""
        asked = entry.intent or self.product.in_advance
        if asked is not PaymentIntent.PAY_OFF and asked not in _REPAYS_PRINCIPAL and self.by_day is None:
            return False
        return self.first_after(on) < len(self.rows) and entry.amount >= self.payoff(on).total

    def _call_in(self, on: date) -> int:
        """Make one instalment, due now, of all that are to come; returns the fee for it."""
        reached = self.first_after(on)
        if reached >= len(self.rows):
            return 0
        fee = self._prepayment_fee(max(self._to_come(reached) - self.undrawn, 0))
        interest, subsidy = self.accrued(reached, on, whole=self.product.payoff_interest is PayoffInterest.WHOLE_PERIOD)
        self._merge(reached, on, interest, subsidy)
        return fee

    def _merge(self, reached: int, on: date, interest: int, subsidy: int) -> None:
        """One instalment, due on a day, instead of all from a place on, with so much interest."""
        self.keep_original()
        self._drop_undrawn()
        coming = self.rows[reached:]
        self.rows[reached:] = [
            Instalment(
                coming[0].number,
                on,
                sum(row.principal for row in coming),
                max(interest, sum(row.interest_paid for row in coming)),
                sum(row.fee_paid for row in coming),
                subsidy,
                principal_paid=sum(row.principal_paid for row in coming),
                interest_paid=sum(row.interest_paid for row in coming),
                fee_paid=sum(row.fee_paid for row in coming),
            )
        ]
        self.anchor = (None, 0, 0)
        self._rescheduled = True
        if self.by_day is not None:
            self.by_day.draws = []
        self._cut(coming)

    def _drop_undrawn(self) -> None:
        """What is not paid out yet is not owed: the last instalments are lower by it."""
        for place in range(len(self.rows) - 1, -1, -1):
            row = self.rows[place]
            if part := min(self.undrawn, row.principal - row.principal_paid):
                self.rows[place] = row._replace(principal=row.principal - part)
                self.undrawn -= part

    def _cut(self, before: Sequence[Instalment]) -> None:
        """What was settled of instalments that are gone counts on the last one that is left."""
        last = self.rows[-1].number
        if not before or before[-1].number <= last:
            return
        self.cut = last if self.cut is None else min(last, self.cut)
        self.outcomes = [each._replace(entry=renumbered(each.entry, last)) for each in self.outcomes]

    def _prepay(self, reached: int, left: int, on: date, keep: Keep, split: Split) -> tuple[int, int]:
        """Repay principal early and compute the rest anew; returns what is left, and the fee for it."""
        before = self._to_come(reached)
        rate, of = self.product.prepayment_fee_rate.as_integer_ratio()
        part = left * of // (of + rate)
        if not 0 < part < before or self.undrawn:
            return left, 0  # not enough for everything, or not all paid out yet: pay instalments in advance instead
        try:
            self._recast(reached, on, before, before - part, keep=keep)
        except TermsError:
            return left, 0  # so little is left that no schedule can be made of it
        row = self.rows[reached]
        self.rows[reached] = row._replace(principal=row.principal + part, principal_paid=row.principal_paid + part)
        split.add(row.number, PRINCIPAL, part)
        fee = min(self._prepayment_fee(part), left - part)
        return left - part - fee, fee

    def _prepayment_fee(self, principal: int) -> int:
        rate, of = self.product.prepayment_fee_rate.as_integer_ratio()
        return DIVIDE[self.product.rounding](principal * rate, of)

    def _returns(self, entry: Entry, on: date) -> bool:
        """Whether the loan may be given back for what was paid out, and the money is enough for that."""
        disbursed = self.loan.disbursed_on or self.loan.contract.interest_from
        in_time = (on - disbursed).days <= self.product.cooling_off_days
        return in_time and self.charged_off_on is None and entry.amount >= self.principal_outstanding

    def _drop_charges(self, on: date) -> None:
        """Returned: of all that was charged only what is paid already stays; the principal is due at once."""
        self.keep_original()
        self._rescheduled = True
        for place, row in enumerate(self.rows):
            late_fee = min(row.late_fee, row.penalty_paid)
            self.rows[place] = row._replace(
                interest=row.interest_paid,
                fee=row.fee_paid,
                subsidy=0,
                late_fee=late_fee,
                penalty=row.penalty_paid - late_fee,
            )
        reached = self.first_after(on)
        if reached < len(self.rows):
            self._merge(reached, on, 0, 0)

    # -- another schedule

    def _recast(
        self,
        reached: int,
        on: date,
        before: int,
        after: int,
        *,
        keep: Keep = Keep.TENOR,
        annual_rate: Decimal | None = None,
        instalments: int | None = None,
        skip: int = 0,
    ) -> None:
        course = self.course()
        if course.first > (self.rows[reached].number if reached < len(self.rows) else course.first):
            course = self.axis(reached)
        coming = self.rows[reached:]
        interest, subsidy = self.accrued(reached, on)
        deferred = self._deferred(course, reached, on, before)
        change = Recast(
            at=coming[0].number - course.first if coming else len(course.periods.ends),
            on=on,
            before=before,
            after=after,
            accrued=interest + subsidy if deferred is None else deferred,
            keep=keep,
            level=self._level(coming),
            annual_rate=annual_rate,
            instalments=instalments,
            skip=skip,
            subsidies=self._subsidies_left(course, reached),
        )
        fresh_course, rows = course.recast(change)
        self._earlier.append(course)
        self._course = fresh_course
        self._rescheduled = True
        self.keep_original()
        self.rows[reached:] = with_paid([Instalment(*row[:5], row[6]) for row in rows], coming)
        if deferred is not None and coming[0].number == course.first + course.terms.options.interest_grace:
            interest = deferred - subsidy  # all that was deferred is due with the running instalment
        self.anchor = (on, interest, subsidy)
        self._cut(coming)

    def _deferred(self, course: Course, reached: int, on: date, before: int) -> int | None:
        """Everyone's interest until a day that is due only after the grace; None: no grace is running.

        It is what the instalment after the grace charges, less what is still to be earned until then.
        """
        grace = course.terms.options.interest_grace
        if not grace or reached >= len(self.rows) or self.rows[reached].number > course.first + grace:
            return None
        start: date | None = on
        charged = coming = 0
        for row in self.rows[reached:]:
            if row.number > course.first + grace:
                break
            charged = row.interest + row.subsidy
            coming += course.interest(row.number - course.first, before, start)
            before, start = before - (row.principal - row.principal_paid), None
        return charged - coming

    def _level(self, coming: Sequence[Instalment]) -> int:
        if not coming:
            return 0
        # the first may hold principal that was repaid early, others what was paid on them before
        row = next((row for row in coming[1:-1] if not row.principal_paid), coming[1 if len(coming) > 2 else 0])
        whole = row.principal + row.interest + row.subsidy
        return whole if self.loan.contract.method in (Method.EQUAL_INSTALMENT, Method.BALLOON) else row.principal

    def course(self) -> Course:
        """The course in force. A walk that starts in the midst of another than the loan's own starts anew."""
        if self._course is None:
            if not self._from_opening:
                raise Rederive
            self._course = base_course(self.loan, self.policy)
        return self._course

    def axis(self, place: int) -> Course:
        """The course with the period of an instalment: the time axis of its interest."""
        number = self.rows[place].number
        for course in (self._course, *reversed(self._earlier)):
            if course is not None and course.first <= number:
                return course.reaching(number - course.first)
        if self._base is None:
            self._base = base_course(self.loan, self.policy)
            if self.original and not self._runs_as_opened(self._base):
                raise Rederive
        return self._base.reaching(number - self._base.first)

    def _runs_as_opened(self, course: Course) -> bool:
        """Whether the periods to come are still those of the opening, and at its rate."""
        if self.annual_rate != self.loan.contract.annual_rate:
            return False
        for row in self.rows:
            at = row.number - course.first
            if at >= 0 and course.reaching(at).periods.dues[at] != row.due_date:
                return False
        return True

    def _subsidies_left(self, course: Course, reached: int) -> tuple[Subsidy, ...] | None:
        """What others still bear of the instalments from a place on, so that no cap is granted twice."""
        if not course.opening.options.subsidies:
            return None
        return subsidies_left(course.opening, [(row.number, row.interest, row.subsidy) for row in self.rows[:reached]])

    def keep_original(self) -> None:
        """Keep the schedule as it was opened, before it becomes another."""
        if not self.original:
            self.original = base(self.loan, self.policy)

    def first_after(self, on: date) -> int:
        """The place of the first instalment that is due after a day."""
        return bisect_right(self.rows, on, key=_due_date)

    def start_of(self, place: int) -> date:
        """Where the period of an instalment begins."""
        return self.rows[place - 1].due_date if place else self.loan.contract.interest_from

    def _to_come(self, reached: int) -> int:
        return sum([row.principal - row.principal_paid for row in self.rows[reached:]])

    # -- the end

    def _end(self, entry: Entry, on: date) -> None:
        owed = self.outcomes[-1].total_outstanding
        small = self.product.small_balance
        if 0 < owed <= small and entry.kind is Kind.PAYMENT and not self.undrawn:
            split = Split({}, set())
            for place, row in enumerate(self.rows):
                if row.outstanding:
                    self.rows[place], _ = settled(row, row.outstanding, on, EVERY, split)
            waiver = Entry(
                str(uuid5(self.loan.id, f"small-balance/{entry.id}")),
                Kind.WAIVER,
                owed,
                entry.currency,
                on,
                WaiverReason.SMALL_BALANCE,
                entry.received_on,
                parts=split.told(),
            )
            self.outcomes.append(Outcome(waiver, 0, 0))
            owed = 0
        if owed or self.undrawn or self.credit < 0:
            self.ended = None
        elif self.ended is None and entry.kind is not Kind.REFUND:
            self.ended = (on, self._ending(entry))

    def _ending(self, entry: Entry) -> ClosingReason:
        if entry.kind is not Kind.PAYMENT or self.outcomes[-1].entry.kind is Kind.WAIVER:
            return ClosingReason.WAIVED
        if entry.intent is PaymentIntent.RETURN:
            return ClosingReason.RETURNED
        planned = self.original or self.rows
        return ClosingReason.PREPAID if self.effective(entry) < planned[-1].due_date else ClosingReason.REPAID

    def result(self, entries: tuple[Entry, ...]) -> Loan:
        """The loan as it stands after the walk, with its entries as they were applied."""
        status, ended = self.loan.status, self.ended
        if ended is not None:
            status = Status.CLOSED
        elif self.charged_off_on is not None:
            status = Status.CHARGED_OFF
        elif status in (Status.CLOSED, Status.CHARGED_OFF):
            status = Status.ACTIVE
        return replace(
            self.loan,
            instalments=tuple(self.rows),
            entries=entries,
            status=status,
            credit=self.credit,
            walked_to=self.at,
            anchor_on=self.anchor[0],
            anchor_interest=self.anchor[1],
            anchor_subsidy=self.anchor[2],
            late_interest=self.by_day.late if self.by_day is not None and self.charged_off_on is None else 0,
            annual_rate=self.annual_rate,
            original=self.original,
            charged_off_on=self.charged_off_on,
            ended_on=ended[0] if ended else None,
            ending=ended[1] if ended else None,
        )


_APPLY = {
    Kind.PAYMENT: Walk._pay,
    Kind.WAIVER: Walk._waive,
    Kind.RELIEF: Walk._relieve,
    Kind.CHARGE_OFF: Walk._charge_off,
    Kind.TRANCHE: Walk._tranche,
    Kind.DRAW: Walk._draw,
    Kind.REFUND: Walk._refund,
}


def derived(loan: Loan, policy: Policy, entries: Iterable[Entry]) -> Walk:
    """The walk from the opening on: entries in the order of their value dates, of one day as they arrived."""
    contract = loan.contract
    rows = base(loan, policy)
    fresh = replace(
        loan,
        instalments=rows,
        original=(),
        anchor_on=None,
        anchor_interest=0,
        anchor_subsidy=0,
        late_interest=0,
        annual_rate=contract.annual_rate,
        credit=0,
        walked_to=None,
        charged_off_on=None,
        ended_on=None,
        ending=None,
    )
    walk = Walk(fresh, policy)
    walk.undrawn = sum(each.amount for each in loan.payouts if each.kind is Kind.TRANCHE and not each.cancelled)
    for entry in in_order(entries, loan.disbursed_on):
        walk.apply(entry)
    return walk


def in_order(entries: Iterable[Entry], floor: date | None) -> list[Entry]:
    """By the days from which they count (`Walk.effective`), of one day as they arrived.

    floor: the day of the payout, from which money before it counts. What was heard of after a charge-off counts from
    it at the earliest, so it comes after it.
    """
    ordered: list[tuple[date, int, Entry]] = []
    for number, entry in enumerate(entries):
        on = entry.value_date if floor is None or entry.value_date > floor else floor
        if entry.kind is Kind.CHARGE_OFF:
            floor = on
        ordered.append((on, number, entry))
    ordered.sort(key=lambda each: each[:2])
    return [entry for _, _, entry in ordered]
