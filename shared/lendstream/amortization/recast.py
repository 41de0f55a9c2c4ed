"""Another course for the rest of a loan: principal repaid early, more money drawn, relief, another rate.

    course = course_of(terms)
    course, rows = course.recast(Recast(at=3, on=date(2026, 5, 10), before=640_000, after=340_000, accrued=2_133))

The methods and conventions of the opening split what is owed from then on. Nothing of the past changes.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .charges import instalment_fees, with_subsidies
from .conventions import Accrual, DayCount, Share, Unit
from .dates import IsWorkingDay, month_of_first, regular, shifted
from .daycount import days, odd_share, year_of
from .errors import TermsError
from .methods import Split, split
from .options import Options
from .parts import Subsidy
from .periods import Periods, periods_of
from .schedule import Instalment
from .spans import span_from
from .terms import MAX_INSTALMENTS, Method, Terms


class Keep(StrEnum):
    """What stays as it is when the balance changes."""

    TENOR = "tenor"
    """The number of instalments: each becomes smaller, or larger."""
    INSTALMENT = "instalment"
    """The size of the instalments: there are fewer of them. Where a method has no size to keep: as TENOR."""


@dataclass(frozen=True, slots=True)
class Recast:
    """One change of a course. Balances and interest in minor units.

    at: the period it falls into, 0 is the course's first; past the last: it starts anew. on: its day. before, after:
    the balance that interest runs on until and from that day. accrued: the interest of the period until that day,
    everyone's share. level: for Keep.INSTALMENT, what a period pays: all of it by EQUAL_INSTALMENT, else its
    principal. annual_rate: from that day on; None: as before. instalments: how many fall due from this period on;
    None: as many as there are. skip: so many due days are left out: their interest is due with the next. subsidies:
    what others still bear; None: as the terms say.
    """

    at: int
    on: date
    before: int
    after: int
    accrued: int = 0
    keep: Keep = Keep.TENOR
    level: int = 0
    annual_rate: Decimal | None = None
    instalments: int | None = None
    skip: int = 0
    subsidies: tuple[Subsidy, ...] | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The terms in force and the periods they run through."""

    terms: Terms
    periods: Periods
    opening: Terms
    """The loan's own terms: its method, and the principal that fees may be a share of."""
    first: int = 1
    """The number of the first instalment."""
    passed: int = 0
    """Regular periods of the loan that are over before the first of these."""
    flat_balance: int = 0
    """FLAT: the balance that interest is charged on throughout."""
    is_working_day: IsWorkingDay | None = None

    def recast(self, change: Recast) -> tuple["Course", tuple[Instalment, ...]]:
        """The course from the period of the change on, and its instalments.

        Raises TermsError where the balance cannot be repaid so: nothing is left of it, or it takes too many
        instalments.
        """
        if change.after <= 0:
            raise TermsError("principal", "nothing is left to repay")
        periods = _first(self._periods(change), change.after)  # an instalment repays one minor unit at least
        start = self._start(change)
        course = Course(
            self._terms(change, start, periods),
            periods,
            self.opening,
            self.first + change.at,
            self.passed + change.at + change.skip,
            self._flat(change),
            self.is_working_day,
        )
        rows = course._rows(course._first_interest(change, start))
        count = len(rows)
        if self.opening.method is not Method.SINGLE_PAYMENT:
            course = replace(course, periods=_first(periods, count))
        return course, rows

    def interest(self, at: int, balance: int, start: date | None = None, end: date | None = None) -> int:
        """Interest of a balance in period `at` (0 is the course's first), minor units, rounded once.

        start, end: from and until a day of it; None: from its beginning, until its end.
        """
        rate, of = self.terms.annual_rate.as_integer_ratio()
        share, unit = self._share(at, start, end)
        return self.terms.conventions.divide(balance * rate * share, of * unit)

    def reaching(self, at: int) -> "Course":
        """The course with so many regular periods more that there is a period `at`. Raises TermsError."""
        old = self.periods
        if at < len(old.ends):
            return self
        dues, ends, weights = list(old.dues), list(old.ends), list(old.weights)
        while len(ends) <= at:
            end, due, weight = self._one_more(ends[-1], old.base)
            ends.append(end)
            dues.append(due)
            weights.append(weight)
        periods = Periods(tuple(dues), tuple(ends), tuple(weights), old.base, old.level_weight)
        return replace(self, periods=periods)

    def _flat(self, change: Recast) -> int:
        """FLAT: interest runs on as large a share as before of what is lent, and on all that is added."""
        if change.after > change.before:
            return (self.flat_balance if change.before else 0) + change.after - change.before
        return self.opening.conventions.divide(self.flat_balance * change.after, change.before)

    def _start(self, change: Recast) -> date:
        """Where the first period begins: the day of the change, where nothing of the course is left."""
        if change.at >= len(self.periods.ends):
            return change.on
        return self.periods.ends[change.at - 1] if change.at else self.terms.disbursed_on

    def _first_interest(self, change: Recast, start: date) -> int | None:
        """Interest of the first period: what it bore before the change and what it bears after; None: a whole one."""
        if change.on <= start and not change.accrued:
            return None
        balance = self.flat_balance if self.terms.method is Method.FLAT else change.after
        return change.accrued + self.interest(0, balance, max(change.on, start))

    def _share(self, at: int, start: date | None, end: date | None) -> tuple[int, int]:
        """A part of a period as a share of a year."""
        conventions, periods = self.terms.conventions, self.periods
        opens, closes = periods.ends[at - 1] if at else self.terms.disbursed_on, periods.ends[at]
        first, last, weight = max(start or opens, opens), min(end or closes, closes), periods.weights[at]
        if not weight or last <= first:
            return 0, 1
        if (first, last) == (opens, closes):
            return weight, periods.base
        if conventions.accrual is Accrual.DAILY:
            if conventions.day_count is DayCount.ACTUAL_ACTUAL_ICMA:
                return odd_share(conventions, first, last)
            return days(conventions.day_count, first, last), year_of(conventions.day_count)
        return weight * (last - first).days, periods.base * (closes - opens).days

    def _rows(self, first_interest: int | None) -> tuple[Instalment, ...]:
        terms, options = self.terms, self.terms.options
        principals, interests = self._split(first_interest)
        if options.interest_grace:
            grace = min(options.interest_grace, len(interests) - 1)
            interests[grace] += sum(interests[:grace])
            interests[:grace] = [0] * grace
        rows, owed = [], terms.principal
        parts = zip(self.periods.dues, principals, interests, strict=False)
        for number, (due, principal, interest) in enumerate(parts, self.first):
            owed -= principal
            rows.append(Instalment(number, due, principal, interest, 0, owed))
        if options.subsidies:
            rows, _ = with_subsidies(terms, rows)
        if options.fees:
            fees = [instalment_fees(self.opening, fee, rows, terms.principal) for fee in options.fees]
            rows = [row._replace(fee=sum(amounts)) for row, *amounts in zip(rows, *fees, strict=True)]
        return tuple(rows)

    def _split(self, first_interest: int | None) -> Split:
        terms, grace = self.terms, self.terms.options.principal_grace
        rate, of = terms.annual_rate.as_integer_ratio()
        span = span_from(terms, self.periods, 0, terms.principal, rate, of, first_interest)
        principals, interests = split(span, grace)
        if terms.method is Method.FLAT and self.flat_balance != terms.principal:
            span = span_from(terms, self.periods, 0, self.flat_balance, rate, of, first_interest)
            interests = split(span, grace)[1]
        return principals, interests

    def _periods(self, change: Recast) -> Periods:
        """The periods from the change on, with those that are added, without the due days that are left out."""
        old = self.periods
        dues, ends, weights = list(old.dues[change.at :]), list(old.ends[change.at :]), list(old.weights[change.at :])
        wanted = len(ends) if change.instalments is None else change.instalments
        if change.keep is Keep.INSTALMENT and change.level and self.opening.method in _BY_PRINCIPAL:
            wanted = -(-change.after // change.level)
        wanted += change.skip
        if not 1 <= wanted <= MAX_INSTALMENTS:
            raise TermsError("instalments", f"must be between 1 and {MAX_INSTALMENTS}, not {wanted}")
        base, level_weight = old.base, old.level_weight
        if not ends:
            end, due, (share, of) = self._first_anew(change.on)
            ends, dues, weights = [end], [due], [share * base]
            base, level_weight = base * of, level_weight * of
        while len(ends) < wanted:
            end, due, weight = self._one_more(ends[-1], base)
            ends.append(end)
            dues.append(due)
            weights.append(weight)
        del dues[wanted:], ends[wanted:], weights[wanted:]
        if change.skip:
            weights[: change.skip + 1] = [sum(weights[: change.skip + 1])]
            del dues[: change.skip], ends[: change.skip]
        return Periods(tuple(dues), tuple(ends), tuple(weights), base, level_weight)

    @property
    def _day(self) -> int:
        """The day of the month is the loan's own, not that of a short month a period happened to end in."""
        return self.opening.options.due_day or (self.opening.options.first_due or self.opening.disbursed_on).day

    def _first_anew(self, on: date) -> tuple[date, date, Share]:
        """The first period of a course that starts anew: its end, its due date, and its days as a share of a year."""
        conventions = self.terms.conventions
        if conventions.frequency.unit is Unit.MONTHS:
            month = month_of_first(on, self._day, conventions.shortest_first_period, conventions.month_end)
            (end,) = regular(month, conventions.frequency, range(1), conventions.month_end, self._day)
        else:
            (end,) = regular(on, conventions.frequency, range(1, 2), conventions.month_end)
        end, due = self._shifted(end, on)
        return end, due, odd_share(conventions, on, end)

    def _shifted(self, end: date, last: date) -> tuple[date, date]:
        """The end of a period and its due date, on working days."""
        conventions, due = self.terms.conventions, end
        if conventions.shifts and self.is_working_day is not None:
            due = shifted(end, conventions.shift, self.is_working_day, last)
            end = due if conventions.shift_interest else end
        return end, due

    def _one_more(self, last: date, base: int) -> tuple[date, date, int]:
        """The regular period after the last: its end, its due date, its weight."""
        conventions = self.terms.conventions
        (end,) = regular(last, conventions.frequency, range(1, 2), conventions.month_end, self._day)
        end, due = self._shifted(end, last)
        share, of = conventions.period_share
        if not conventions.whole_periods:
            share, of = days(conventions.day_count, last, end), year_of(conventions.day_count)
        return end, due, share * base // of

    def _terms(self, change: Recast, start: date, periods: Periods) -> Terms:
        opening, options, done = self.opening, self.terms.options, change.at + change.skip
        count = len(periods.ends)
        method, rest = self._method(change, done, count)
        new = Options(
            product=options.product,
            principal_grace=min(max(options.principal_grace - done, 0), count - 1),
            interest_grace=min(max(options.interest_grace - done, 0), count - 1),
            interest_free=min(max(options.interest_free - done, 0), count),
            due_dates=periods.ends[:count],
            fees=options.fees,
            subsidies=options.subsidies if change.subsidies is None else change.subsidies,
        )
        rate = self.terms.annual_rate if change.annual_rate is None else change.annual_rate
        return Terms(change.after, rate, count, method, start, opening.conventions, replace(new, **rest))

    def _method(self, change: Recast, done: int, count: int) -> tuple[Method, dict[str, Any]]:
        """The method for what is left, and the options that it needs."""
        method, options = self.opening.method, self.terms.options
        if change.keep is Keep.INSTALMENT and change.level and method in _BY_PAYMENT:
            return Method.FIXED_PAYMENT, {"payment": change.level}
        if method is Method.FIXED_PAYMENT:
            return method, {"payment": change.level or options.payment}
        if method is Method.INCOME_BASED:
            return method, {"income": self.opening.options.income}
        if method is Method.STEPS:
            return method, {"steps": _steps(self.opening.options.steps, self.passed + done, count)}
        if method is Method.BALLOON:
            if options.amortised_over:
                return method, {"amortised_over": max(options.amortised_over - done, count)}
            balloon = options.balloon * change.after // max(change.before, 1)
            return (method, {"balloon": balloon}) if balloon else (Method.EQUAL_INSTALMENT, {})
        return method, {}


_BY_PAYMENT = frozenset({Method.EQUAL_INSTALMENT, Method.BALLOON})
"""The methods whose instalments have a size to keep."""
_BY_PRINCIPAL = frozenset({Method.EQUAL_PRINCIPAL, Method.FLAT})
"""The methods whose instalments repay a principal to keep."""


def course_of(terms: Terms, is_working_day: IsWorkingDay | None = None) -> Course:
    """The course that a loan of these terms takes from its opening on. Raises TermsError as `generate` does."""
    periods = periods_of(terms, is_working_day)
    if terms.method is Method.SINGLE_PAYMENT:  # one period, however many it was counted from
        weights = (sum(periods.weights),)
        periods = Periods(periods.dues[-1:], periods.ends[-1:], weights, periods.base, periods.level_weight)
    return Course(terms, periods, terms, flat_balance=terms.principal, is_working_day=is_working_day)


def _first(periods: Periods, count: int) -> Periods:
    """The first so many periods."""
    if count >= len(periods.ends):
        return periods
    return replace(
        periods, dues=periods.dues[:count], ends=periods.ends[:count], weights=periods.weights[:count], stub=None
    )


def _steps(steps: tuple[int, ...], done: int, count: int) -> tuple[int, ...]:
    """The weights from instalment `done` on, repeated where there are more instalments than they reach."""
    left = tuple(steps[(done + number) % len(steps)] for number in range(count))
    return left if left[-1] else (*left[:-1], 1)
