"""Money in: applied to an active loan, else kept in suspense until the loan can take it. Nothing is lost."""

from dataclasses import replace
from datetime import date
from functools import partial

from lendstream.errors import Refused
from lendstream.events.loan import LoanClosed, PaymentApplied
from lendstream.events.payment import PaymentReceived

from .ageing import rebucketed, scheduled
from .allocation import allocate
from .loan import Account, Answer, Awaiting, Loan, Payment, Policy, Status, Telling, numbered


def receive(account: Account | None, event: PaymentReceived, today: date, policy: Policy) -> Answer:
    """A payment came in. The same number with the same content was seen before and changes nothing.

    Errors: Refused for a known number with other content, and for another currency than the loan's.
    """
    account = account or Awaiting(event.loan_id)
    payment = Payment(
        payment_id=event.payment_id,
        amount=event.amount,
        currency=event.currency,
        value_date=event.value_date,
        channel=event.channel,
        received_on=today,
        applied_on=None,
        unallocated=event.amount,
    )
    if known := next((each for each in account.payments if each.payment_id == payment.payment_id), None):
        _check_same(known, payment)
        return account, ()
    if isinstance(account, Awaiting):
        return replace(account, payments=(*account.payments, payment)), ()
    if payment.currency != account.contract.currency:
        raise Refused(
            "wrong_currency",
            f"The loan is in {account.contract.currency}, the payment in {payment.currency}.",
            field="currency",
            fix=f"Exchange it and send it in {account.contract.currency}, under another payment_id.",
        )
    return numbered(*apply_suspended(replace(account, payments=(*account.payments, payment)), today, policy))


def apply_suspended(loan: Loan, today: date, policy: Policy) -> tuple[Loan, list[Telling]]:
    """Apply what is in suspense, in the order of arrival, if the loan's money is out; another currency stays there."""
    told: list[Telling] = []
    if loan.status in (Status.ACTIVE, Status.CLOSED):
        for payment in loan.payments:
            if payment.applied_on is None and payment.currency == loan.contract.currency:
                loan, news = _apply(loan, payment, today, policy)
                told += news
    return loan, told


def _apply(loan: Loan, payment: Payment, today: date, policy: Policy) -> tuple[Loan, list[Telling]]:
    product = policy.product(loan)
    instalments, parts, credit = allocate(loan.instalments, payment.amount, product.allocation, payment.value_date)
    applied = payment._replace(applied_on=today, unallocated=credit)
    paid = replace(
        loan,
        instalments=instalments,
        payments=tuple(applied if each is payment else each for each in loan.payments),
        credit=loan.credit + credit,
    )
    tell = partial(
        PaymentApplied,
        payment_id=payment.payment_id,
        amount=payment.amount,
        currency=payment.currency,
        value_date=payment.value_date,
        allocations=parts,
        credit=credit,
        principal_outstanding=paid.principal_outstanding,
        total_outstanding=(owed := paid.total_outstanding),
    )
    moved, cured = rebucketed(paid, today)
    told: list[Telling] = [tell, *cured]
    if not owed and loan.status is Status.ACTIVE:
        moved = replace(moved, status=Status.CLOSED, ended_on=payment.value_date)
        told.append(partial(LoanClosed, closed_on=payment.value_date, credit=moved.credit, currency=payment.currency))
    return scheduled(moved, product), told


def _check_same(known: Payment, again: Payment) -> None:
    for field in ("amount", "currency", "value_date", "channel"):
        before, now = getattr(known, field), getattr(again, field)
        if before != now:
            raise Refused(
                "payment_conflict",
                f"Payment {known.payment_id} came before with {before}, now with {now}.",
                field=field,
                fix="Give other money another payment_id.",
            )
