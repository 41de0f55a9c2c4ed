"""Operators' commands, and loans for them, for the tests of servicing's desk."""

from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from lendstream.events.loan import LoanEvent
from lendstream.events.payment import DisbursementConfirmed
from lendstream_servicing.domain import ageing, opening, payout
from lendstream_servicing.domain.asked import Asked, Plan
from lendstream_servicing.domain.loan import Account, Loan, Policy, disbursement_id_of
from lendstream_servicing.domain.relief import Relief
from lendstream_servicing.policy import relief_policy
from unit.servicing import loans

RELIEF = relief_policy()
C = TypeVar("C", bound=Asked)
_DEFAULTS: dict[str, Any] = {"reason": "agreed on the phone", "circumstance": "illness", "evidence": "D-1"}


def ask(kind: type[C], loan: Account, **fields: Any) -> C:
    """A command of mei's about a loan; what is not said is usual."""
    usual = {name: value for name, value in _DEFAULTS.items() if name in kind.model_fields}
    return kind(**{"loan_id": loan.id, "command_id": uuid4(), "by": "mei", **usual, **fields})


def plan(**fields: Any) -> Plan:
    """A plan."""
    return Plan(**fields)


def as_plan(relief: Relief) -> Plan:
    """The plan of such relief."""
    return Plan(**dict(relief))


def aged(loan: Loan, day: date, policy: Policy = loans.POLICY) -> Loan:
    """The loan at the end of a day."""
    after, _ = ageing.age(loan, day, policy)
    assert isinstance(after, Loan)
    return after


def late(days: int = 10, instalment: int = 1) -> tuple[Loan, date]:
    """A loan whose first instalments, up to this one, are unpaid so many days after; and the day."""
    loan = loans.active()
    day = loan.instalments[instalment - 1].due_date + timedelta(days=days)
    return aged(loan, day), day


def credit_line(**changes: Any) -> Loan:
    """A credit line of 10,000 yuan, of which 5,000 are drawn over six instalments."""
    terms = {"product": "credit-line", "amount": 500_000, "limit": 1_000_000, **changes}
    limit = terms.pop("limit")
    waiting, _ = opening.approve(None, loans.approval(limit=limit, **terms), loans.TODAY, loans.POLICY)
    loan, _ = opening.accept(waiting, loans.acceptance(**terms), loans.TODAY, loans.POLICY)
    confirmed = loans.confirmation(loan.id, amount=500_000)
    out, _ = payout.confirm(loan, confirmed, loans.TODAY, loans.POLICY)
    assert isinstance(out, Loan)
    return out


def paid_out(loan: Loan, part: int, on: date) -> tuple[Loan, tuple[LoanEvent, ...]]:
    """The loan after the bank has paid a later part out."""
    each = loan.payouts[part - 1]
    confirmed = DisbursementConfirmed(
        disbursement_id=disbursement_id_of(loan.id, each.attempt, part),
        loan_id=loan.id,
        amount=each.amount,
        currency="CNY",
        value_date=on,
        bank_reference="BANK-2",
    )
    after, events = payout.confirm(loan, confirmed, on, loans.POLICY)
    assert isinstance(after, Loan)
    return after, events
