"""What a schedule is generated from."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from .conventions import PLAIN, Conventions, Unit
from .errors import TermsError
from .parts import Fee, Income, RateChange, Subsidy, Tranche

MAX_INSTALMENTS = 600
MAX_ANNUAL_RATE = 10


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


LEVEL_METHODS = frozenset({Method.EQUAL_INSTALMENT, Method.BALLOON, Method.FIXED_PAYMENT, Method.INCOME_BASED})
ORIGINAL_PRINCIPAL = frozenset({Method.FLAT, Method.SINGLE_PAYMENT})


@dataclass(frozen=True, slots=True)
class Terms:
    """One loan's terms. Immutable; checked when made. Amounts in minor units.

    principal: all that is lent, tranches included. annual_rate: nominal, 0.18 is 18 % a year. instalments: how
    many regular instalments, or for one payment at the end the number of periods until then.
    Raises TermsError.
    """

    principal: int
    annual_rate: Decimal
    instalments: int
    method: Method
    disbursed_on: date
    conventions: Conventions = PLAIN
    product: str = ""
    """The product version it came from, for the record: "cash-small@1"."""

    first_due: date | None = None
    """When the first instalment is due; None: one period after the disbursement, or by `due_day`."""
    due_day: int | None = None
    """Day of the month of monthly instalments; None: the day of the disbursement."""
    due_dates: tuple[date, ...] = ()
    """Every due date, given instead of computed; accrued per period, each then closes one regular period."""

    principal_grace: int = 0
    """The first so many instalments repay no principal."""
    interest_grace: int = 0
    """The interest of the first so many instalments is paid with the next one."""
    interest_free: int = 0
    """The first so many periods bear no interest."""

    balloon: int = 0
    """BALLOON: the principal left for the last instalment."""
    amortised_over: int = 0
    """BALLOON, instead: the number of periods the level instalment is computed for."""
    steps: tuple[int, ...] = ()
    """STEPS: one weight an instalment; 0 repays no principal."""
    payment: int = 0
    """FIXED_PAYMENT: what is paid a period."""
    income: Income | None = None
    """INCOME_BASED."""

    down_payment: Decimal = Decimal(0)
    """Share of the principal due at the disbursement, as instalment number 0."""
    tranches: tuple[Tranche, ...] = ()
    """Later payouts, in order of date; the disbursement pays the rest of the principal."""
    rate_changes: tuple[RateChange, ...] = ()
    """In order of date."""
    fees: tuple[Fee, ...] = ()
    subsidies: tuple[Subsidy, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.instalments <= MAX_INSTALMENTS:
            raise TermsError("instalments", f"must be between 1 and {MAX_INSTALMENTS}, not {self.instalments}")
        if self.principal < self.instalments:
            raise TermsError("principal", f"{self.principal} minor units cannot be spread over {self.instalments}")
        if not 0 <= self.annual_rate <= MAX_ANNUAL_RATE:
            raise TermsError("annual_rate", f"must be between 0 and {MAX_ANNUAL_RATE}, not {self.annual_rate}")
        if self.method not in _PLAIN_METHODS:
            _check_method(self)
        if self.due_day is not None or self.due_dates or self.first_due is not None:
            _check_dates(self)
        if self.principal_grace or self.interest_grace or self.interest_free:
            _check_grace(self)
        if self.tranches or self.rate_changes or self.down_payment:
            _check_changes(self)


_PLAIN_METHODS = frozenset(
    {Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_THEN_BULLET, Method.FLAT, Method.SINGLE_PAYMENT}
)


def _check_method(terms: Terms) -> None:
    if terms.method is Method.BALLOON:
        if bool(terms.balloon) == bool(terms.amortised_over):
            raise TermsError("balloon", "give either the balloon or the periods it is amortised over")
        if not 0 <= terms.balloon < terms.principal:
            raise TermsError("balloon", f"must be between 0 and less than the principal, not {terms.balloon}")
        if terms.amortised_over and not terms.instalments <= terms.amortised_over <= 10 * MAX_INSTALMENTS:
            raise TermsError("amortised_over", f"must be at least the {terms.instalments} instalments")
    if terms.method is Method.STEPS and (
        len(terms.steps) != terms.instalments or min(terms.steps) < 0 or not any(terms.steps)
    ):
        raise TermsError("steps", f"give {terms.instalments} weights, none negative and not all zero")
    if terms.method is Method.FIXED_PAYMENT and terms.payment <= 0:
        raise TermsError("payment", f"must be positive, not {terms.payment}")
    if terms.method is Method.INCOME_BASED and terms.income is None:
        raise TermsError("income", "is needed for a payment that follows it")


def _check_dates(terms: Terms) -> None:
    if terms.due_day is not None and not 1 <= terms.due_day <= 31:
        raise TermsError("due_day", f"must be a day of the month, not {terms.due_day}")
    if terms.due_day is not None and terms.conventions.frequency.unit is not Unit.MONTHS:
        raise TermsError("due_day", "is for instalments by months; give first_due instead")
    if terms.first_due is not None and terms.first_due <= terms.disbursed_on:
        raise TermsError("first_due", f"must be after the disbursement on {terms.disbursed_on}")
    if terms.due_dates:
        if terms.due_day is not None or terms.first_due is not None:
            raise TermsError("due_dates", "leave no room for due_day or first_due")
        if len(terms.due_dates) != terms.instalments:
            raise TermsError("due_dates", f"give {terms.instalments}, not {len(terms.due_dates)}")
        if terms.due_dates[0] < terms.disbursed_on or any(a >= b for a, b in pairwise(terms.due_dates)):
            raise TermsError("due_dates", "must follow the disbursement and each other")


def _check_grace(terms: Terms) -> None:
    for field in ("principal_grace", "interest_grace", "interest_free"):
        if getattr(terms, field) < 0:
            raise TermsError(field, f"must not be negative, not {getattr(terms, field)}")
    if max(terms.principal_grace, terms.interest_grace) >= terms.instalments:
        raise TermsError("principal_grace", f"must leave one of the {terms.instalments} instalments to repay")
    if terms.interest_free > terms.instalments:
        raise TermsError("interest_free", f"must not exceed the {terms.instalments} instalments")
    if terms.principal_grace and terms.method in (Method.STEPS, Method.SINGLE_PAYMENT):
        raise TermsError("principal_grace", f"has no place in {terms.method}")


def _check_changes(terms: Terms) -> None:
    if not 0 <= terms.down_payment < 1:
        raise TermsError("down_payment", f"is a share of the principal below 1, not {terms.down_payment}")
    if terms.down_payment and terms.tranches:
        raise TermsError("down_payment", "cannot be asked of a loan paid out in tranches")
    for field, days in (
        ("tranches", [tranche.on for tranche in terms.tranches]),
        ("rate_changes", [change.on for change in terms.rate_changes]),
    ):
        if days and (days[0] < terms.disbursed_on or days != sorted(set(days))):
            raise TermsError(field, "must follow the disbursement and each other")
        if days and terms.method in ORIGINAL_PRINCIPAL | {Method.STEPS}:
            raise TermsError(field, f"have no place in {terms.method}")
    if any(tranche.amount <= 0 for tranche in terms.tranches):
        raise TermsError("tranches", "must be positive")
    if sum(tranche.amount for tranche in terms.tranches) >= terms.principal:
        raise TermsError("tranches", f"must leave something of the principal {terms.principal} to the disbursement")
    if not all(0 <= change.annual_rate <= MAX_ANNUAL_RATE for change in terms.rate_changes):
        raise TermsError("rate_changes", f"must be between 0 and {MAX_ANNUAL_RATE}")
