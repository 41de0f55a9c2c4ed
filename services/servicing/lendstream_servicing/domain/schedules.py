"""The schedule a loan is opened with, and the course that it takes from there."""

from dataclasses import replace
from datetime import date

from lendstream.amortization import Course, Schedule, Terms, Tranche, course_of, generate

from .loan import Instalment, Kind, Loan, Policy


def instalments(schedule: Schedule) -> tuple[Instalment, ...]:
    """The rows of a schedule as a loan's instalments."""
    return tuple([Instalment(*row[:5], row[6]) for row in schedule.instalments])


def base_course(loan: Loan, policy: Policy) -> Course:
    """The course of the loan's own terms. Raises TermsError."""
    return course_of(_terms_now(loan, policy), policy.product(loan).is_working_day)


def base(loan: Loan, policy: Policy) -> tuple[Instalment, ...]:
    """The instalments as they were opened, nothing paid: of a loan in tranches, with those that really came."""
    if any(each.kind is Kind.TRANCHE for each in loan.payouts):
        return instalments(generate(_terms_now(loan, policy), policy.product(loan).is_working_day))
    return loan.original or tuple([Instalment(*each[:6]) for each in loan.instalments])


def _terms_now(loan: Loan, policy: Policy) -> Terms:
    """The terms as agreed; of a loan in tranches, with those that came, on the days they came."""
    contract = loan.contract
    product = policy.product(loan)
    agreed = product.terms_for(
        contract.principal, contract.tenor, contract.annual_rate, contract.interest_from, contract.options
    )
    tranches = [each for each in loan.payouts if each.kind is Kind.TRANCHE]
    if not tranches:
        return agreed
    by_day: dict[date, int] = {}
    for each in sorted(tranches, key=lambda each: each.done_on or each.pay_on):
        if not each.cancelled:
            on = each.done_on or each.pay_on
            by_day[on] = by_day.get(on, 0) + each.amount
    coming = tuple(Tranche(on, amount) for on, amount in by_day.items())
    principal = agreed.principal - sum(each.amount for each in tranches if each.cancelled)
    return replace(agreed, principal=principal, options=replace(agreed.options, tranches=coming))
