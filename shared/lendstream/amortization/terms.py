"""What a schedule is generated from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from .conventions import PLAIN, Conventions, Unit
from .errors import TermsError
from .options import ORDINARY, Options
from .parts import MAX_ANNUAL_RATE

MAX_INSTALMENTS = 600
_ZERO = Decimal(0)


class Method(StrEnum):
    """How the principal is spread over the instalments."""

    EQUAL_INSTALMENT = "equal_instalment"
    """等额本息: every instalment has the same total."""
    EQUAL_PRINCIPAL = "equal_principal"
    """等额本金: every instalment repays the same principal; the interest falls."""
    INTEREST_THEN_BULLET = "interest_then_bullet"
    """先息后本: interest every period, the whole principal with the last."""
    FLAT = "flat"
    """等本等息: equal principal, interest on the original principal throughout."""
    SINGLE_PAYMENT = "single_payment"
    """一次性还本付息: principal and simple interest in one payment after `instalments` periods."""
    BALLOON = "balloon"
    """气球贷: level instalments as if the loan ran longer; the rest falls due with the last."""
    STEPS = "steps"
    """Principal in proportion to the given steps: seasonal or rising repayment."""
    FIXED_PAYMENT = "fixed_payment"
    """A given payment a period until nothing is owed: `instalments` is the most there may be."""
    INCOME_BASED = "income_based"
    """A payment that follows the declared income, until nothing is owed or the last instalment takes the rest."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One loan's terms. Immutable; checked when made.

    principal: all that is lent, minor units. annual_rate: nominal, 0.18 is 18 % a year. instalments: how many
    regular instalments, or for one payment at the end the number of periods until then. Raises TermsError.
    """

    principal: int
    annual_rate: Decimal
    instalments: int
    method: Method
    disbursed_on: date
    conventions: Conventions = PLAIN
    options: Options = ORDINARY

    def __post_init__(self) -> None:
        if not 1 <= self.instalments <= MAX_INSTALMENTS:
            raise TermsError("instalments", f"must be between 1 and {MAX_INSTALMENTS}, not {self.instalments}")
        if self.principal < self.instalments:
            raise TermsError("principal", f"{self.principal} minor units cannot be spread over {self.instalments}")
        if not _ZERO <= self.annual_rate <= MAX_ANNUAL_RATE:
            raise TermsError("annual_rate", f"must be between 0 and {MAX_ANNUAL_RATE}, not {self.annual_rate}")
        if self.options is not ORDINARY or self.method in _OWN_OPTIONS:
            _check_method(self, self.options)
            _check_dates(self, self.options)
            _check_grace(self, self.options)
            if self.options.tranches or self.options.rate_changes:
                _check_changes(self, self.options)


_OWN_OPTIONS = {
    Method.BALLOON: ("balloon", "amortised_over"),
    Method.STEPS: ("steps",),
    Method.FIXED_PAYMENT: ("payment",),
    Method.INCOME_BASED: ("income",),
}
"""The methods that need options of their own, which the others refuse."""
_NO_CHANGES = frozenset({Method.FLAT, Method.SINGLE_PAYMENT, Method.STEPS})
"""The methods that look at the whole term at once."""


def _check_method(terms: Terms, options: Options) -> None:
    for method, fields in _OWN_OPTIONS.items():
        given = [field for field in fields if getattr(options, field)]
        if given and method is not terms.method:
            raise TermsError(given[0], f"is for {method}, not for {terms.method}")
        if method is terms.method and len(given) != 1:
            raise TermsError(fields[0], f"{method} needs {' or '.join(fields)}")
    if options.balloon >= terms.principal:
        raise TermsError("balloon", f"must be less than the principal, not {options.balloon}")
    if options.amortised_over and not terms.instalments <= options.amortised_over <= 10 * MAX_INSTALMENTS:
        raise TermsError("amortised_over", f"must be at least the {terms.instalments} instalments")
    if options.steps and len(options.steps) != terms.instalments:
        raise TermsError("steps", f"give {terms.instalments} weights, not {len(options.steps)}")


def _check_dates(terms: Terms, options: Options) -> None:
    if options.due_day is not None and terms.conventions.frequency.unit is not Unit.MONTHS:
        raise TermsError("due_day", "is for instalments by months; give first_due instead")
    if options.first_due is not None and options.first_due <= terms.disbursed_on:
        raise TermsError("first_due", f"must be after the disbursement on {terms.disbursed_on}")
    if options.due_dates:
        if len(options.due_dates) != terms.instalments:
            raise TermsError("due_dates", f"give {terms.instalments}, not {len(options.due_dates)}")
        if options.due_dates[0] < terms.disbursed_on:
            raise TermsError("due_dates", f"must not be before the disbursement on {terms.disbursed_on}")


def _check_grace(terms: Terms, options: Options) -> None:
    for field in ("principal_grace", "interest_grace"):
        if getattr(options, field) >= terms.instalments:
            raise TermsError(field, f"must leave one of the {terms.instalments} instalments to repay")
    if options.interest_free > terms.instalments:
        raise TermsError("interest_free", f"must not exceed the {terms.instalments} instalments")
    if options.principal_grace and terms.method in (Method.STEPS, Method.SINGLE_PAYMENT):
        raise TermsError("principal_grace", f"has no place in {terms.method}")


def _check_changes(terms: Terms, options: Options) -> None:
    for field, days in (
        ("tranches", [tranche.on for tranche in options.tranches]),
        ("rate_changes", [change.on for change in options.rate_changes]),
    ):
        if days and days[0] < terms.disbursed_on:
            raise TermsError(field, f"must not be before the disbursement on {terms.disbursed_on}")
        if days and terms.method in _NO_CHANGES:
            raise TermsError(field, f"have no place in {terms.method}")
    if sum(tranche.amount for tranche in options.tranches) >= terms.principal:
        raise TermsError("tranches", f"must leave something of the principal {terms.principal} to the disbursement")
