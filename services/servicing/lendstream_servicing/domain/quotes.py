"""What something would cost or change, before it is done: the real change, carried out on a copy and thrown away.

Amounts are minor units of the loan's currency. Nothing here promises that the loan stays as it is: a quote holds while
nothing else happens to it.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from lendstream.amortization import TermsError
from lendstream.amortization.apr import Flow, NoRateError, actuarial_rate
from lendstream.amortization.timing import unit_periods
from lendstream.errors import Refused
from lendstream.events.loan import ClosingReason
from lendstream.events.payment import PaymentIntent

from .ageing import age
from .life import carried_on, looked_at
from .loan import PAID_OUT, Entry, Instalment, Kind, Loan, Policy, Status, replace
from .operations import impossible
from .preview import relieved, token_of
from .relief import Relief

DAYS_AHEAD = 60
"""So far ahead a pay-off is quoted."""
_PREVIEW = str(UUID(int=0))
_PLACES = Decimal("0.000001")


class PayoffQuote(NamedTuple):
    """What repaying everything takes, if the money counts from `on`."""

    on: date
    valid_through: date
    """The last day for which the amount is right: the day itself, for each further day adds something."""
    amount: int
    """All of it: the parts below, less nothing."""
    overdue: int
    """Everything of the instalments due until then, late fees and penalty interest included."""
    principal: int
    """Principal of the instalments to come."""
    interest: int
    """Interest of the running period until then."""
    prepayment_fee: int
    made_good: int
    """What was given back to the customer and turned out to be the lender's."""
    next_day: int
    """What the next day adds."""
    cooling_off: int | None
    """What returning the loan takes instead, while that is possible."""


def payoff(loan: Loan, on: date, today: date, policy: Policy) -> PayoffQuote:
    """The quote for a day from today until `DAYS_AHEAD` days later, as the loan will be then.

    Errors: Refused for another day, or a loan of which nothing is owed.
    """
    _check_owed(loan)
    if not today <= on <= today + timedelta(days=DAYS_AHEAD):
        raise Refused(
            "day_out_of_reach",
            f"{on} is not within {DAYS_AHEAD} days from {today}.",
            field="on",
            fix=f"Ask for a day from {today} to {today + timedelta(days=DAYS_AHEAD)}.",
        )
    now, tomorrow = _payoff_on(loan, on, policy), _payoff_on(loan, on + timedelta(days=1), policy)
    return now._replace(
        next_day=max(tomorrow.amount - now.amount, 0), cooling_off=_cooling_off(loan, on, now.made_good, policy)
    )


def _payoff_on(loan: Loan, on: date, policy: Policy) -> PayoffQuote:
    then, _ = age(loan, on, policy)
    if not isinstance(then, Loan):
        raise TypeError("a loan stays one")
    walk = looked_at(then, on, policy)
    made_good = max(-walk.credit, 0)
    if then.status is Status.CHARGED_OFF or not walk.total_outstanding:
        return PayoffQuote(
            on, on, walk.total_outstanding + made_good, walk.total_outstanding, 0, 0, 0, made_good, 0, None
        )
    owed = walk.payoff(on)
    return PayoffQuote(
        on,
        on,
        owed.total + made_good,
        owed.overdue,
        owed.principal,
        owed.interest,
        owed.prepayment_fee,
        made_good,
        0,
        None,
    )


def _cooling_off(loan: Loan, on: date, made_good: int, policy: Policy) -> int | None:
    then, _ = age(loan, on, policy)
    amount = then.principal_outstanding + made_good if isinstance(then, Loan) else 0
    if not isinstance(then, Loan) or amount <= 0:
        return None
    after, _ = carried_on(_paid(then, amount, on, PaymentIntent.RETURN), on, policy)
    return amount if after.ending is ClosingReason.RETURNED else None


class Course(NamedTuple):
    """What is to come of a loan."""

    instalments: tuple[Instalment, ...]
    to_pay: int
    """Everything still to be paid, if nothing else happens."""
    interest_to_come: int
    """Interest of it that is not settled yet."""
    ends_on: date | None
    """The last day on which something is due; None: nothing is."""
    annual_rate: Decimal
    """The nominal rate."""
    apr: Decimal | None
    """All that is to come against the principal owed, as a nominal yearly rate; None where nothing is to come."""


def course(loan: Loan, today: date, policy: Policy) -> Course:
    """What is to come of the loan as it is."""
    unpaid = [row for row in loan.instalments if row.outstanding]
    return Course(
        loan.instalments,
        loan.total_outstanding,
        sum(row.interest - row.interest_paid for row in unpaid),
        max((row.due_date for row in unpaid), default=None),
        loan.annual_rate,
        _apr(loan, today, policy),
    )


def _apr(loan: Loan, today: date, policy: Policy) -> Decimal | None:
    """Principal owed now against what is unpaid of every instalment on its day; what is overdue, now."""
    conventions = policy.product(loan).timing.conventions(policy.product(loan).rounding)
    flows = [Flow(-loan.principal_outstanding, 0)]
    for row in loan.instalments:
        if row.outstanding:
            whole, odd = unit_periods(today, max(row.due_date, today), conventions.frequency)
            flows.append(Flow(row.outstanding, whole, odd))
    try:
        times, of = conventions.a_year
        return (actuarial_rate(flows) * times / of).quantize(_PLACES)
    except (NoRateError, ArithmeticError):
        return None


class PrepaymentPreview(NamedTuple):
    """What a payment would do, if it came today."""

    before: Course
    after: Course
    allocated: int
    """What of it would settle instalments or principal."""
    fee: int
    """What of it would pay the fee for repaying early."""
    credit: int
    """What of it would be left."""
    interest_saved: int
    """Interest that would not be charged any more."""
    closes: bool
    """Whether nothing would be owed after it."""


def prepayment(loan: Loan, amount: int, intent: PaymentIntent | None, today: date, policy: Policy) -> PrepaymentPreview:
    """What a payment of so much would do today. Errors: Refused for a loan that is not paid out."""
    _check_paid_out(loan)
    before, _ = carried_on(loan, today, policy)
    after, _ = carried_on(_paid(loan, amount, today, intent), today, policy)
    entry = next(each for each in after.entries if each.id == _PREVIEW)
    saved = _charged(before) - _charged(after)
    return PrepaymentPreview(
        course(before, today, policy),
        course(after, today, policy),
        amount - entry.fee - entry.unallocated,
        entry.fee,
        entry.unallocated,
        saved,
        after.status is Status.CLOSED,
    )


class RestructurePreview(NamedTuple):
    """What a restructure would change, if it were agreed today."""

    plan: Relief
    before: Course
    after: Course
    waived: int
    """What would be let go."""
    capitalised: int
    """Arrears that were no principal and would become it."""
    extra_cost: int
    """What the customer would pay more in all; negative: less."""
    token: str
    """Confirm the plan with it, today, while nothing else happens to the loan."""


def restructure(loan: Loan, circumstance: str, plan: Relief, today: date, policy: Policy) -> RestructurePreview:
    """What the plan would change. Errors: Refused for a loan that is not paid out, or where no schedule can be made."""
    _check_paid_out(loan)
    try:
        after, _ = relieved(loan, _PREVIEW, circumstance, plan, today, policy)
    except TermsError as error:
        raise impossible(error) from error
    # As it is today without the plan, with what lateness has cost until now: nothing else may differ.
    before = at(loan, today, policy)
    entry = next(each for each in after.entries if each.id == _PREVIEW)
    return RestructurePreview(
        plan,
        course(before, today, policy),
        course(after, today, policy),
        sum(part.fee + part.penalty + part.interest + part.principal for part in entry.parts),
        sum(entry.capitalised),
        after.total_outstanding - before.total_outstanding,
        token_of(loan, circumstance, plan, today),
    )


def at(loan: Loan, today: date, policy: Policy) -> Loan:
    """The loan as it is on a day: with what counts by then, and what lateness has cost until then."""
    now, _ = carried_on(loan, today, policy)
    return replace(now, instalments=tuple(looked_at(now, today, policy).rows))


def _paid(loan: Loan, amount: int, on: date, intent: PaymentIntent | None) -> Loan:
    entry = Entry(
        _PREVIEW, Kind.PAYMENT, amount, loan.contract.currency, on, "preview", on, unallocated=amount, intent=intent
    )
    return replace(loan, entries=(*loan.entries, entry))


def _charged(loan: Loan) -> int:
    """All interest of the loan, paid or not."""
    return sum(row.interest for row in loan.instalments)


def _check_paid_out(loan: Loan) -> None:
    if loan.status not in PAID_OUT:
        raise Refused(
            "not_paid_out",
            f"The loan is {loan.status.value}.",
            field="loan_id",
            fix="Ask again once the payout is confirmed.",
        )


def _check_owed(loan: Loan) -> None:
    _check_paid_out(loan)
    if loan.status is Status.CLOSED and loan.credit >= 0:
        raise Refused("nothing_owed", "The loan is closed.", field="loan_id", fix="There is nothing to pay.")
