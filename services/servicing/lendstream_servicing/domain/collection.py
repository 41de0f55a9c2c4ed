"""Direct debit (代扣): what is due is asked for on the due day, and again by the product's plan if it fails."""

from datetime import date, timedelta
from functools import partial
from uuid import UUID, uuid5

from lendstream.catalogue import Product
from lendstream.events.loan import PaymentRequested
from lendstream.events.payment import FailureReason

from .loan import Debit, Loan, Telling, replace

HOPELESS = frozenset({FailureReason.ACCOUNT_CLOSED, FailureReason.NOT_AUTHORISED})
"""What another attempt for the same due date does not help against."""


def request_id_of(loan_id: UUID, due: date, attempt: int) -> UUID:
    """The debit order of an attempt: the channel collects each once."""
    return uuid5(loan_id, f"debit/{due}/{attempt}")


def planned(loan: Loan, product: Product, after: date) -> Loan:
    """The loan with its first debit order planned: for the next instalment due after a day."""
    if loan.contract.debit_account is None or not product.debit_days:
        return loan
    return replace(loan, debit=Debit(next_on=_next_cycle(loan, product, after)))


def collect(loan: Loan, on: date, product: Product) -> tuple[Loan, list[Telling]]:
    """Give the debit order of a day, if it is the day for one and the one before is answered."""
    debit, account = loan.debit, loan.contract.debit_account
    if debit.next_on is None or debit.next_on > on or account is None:
        return loan, []
    if debit.waits_for is not None:
        return replace(loan, debit=debit._replace(next_on=on + timedelta(days=1))), []
    unpaid = [row for row in loan.instalments if row.due_date <= on and row.outstanding]
    if not unpaid:
        return replace(loan, debit=Debit(next_on=_next_cycle(loan, product, on))), []
    due = max(row.due_date for row in unpaid)
    attempt = debit.attempt + 1 if debit.due == due else 1
    order = request_id_of(loan.id, due, attempt)
    tell = partial(
        PaymentRequested,
        request_id=order,
        instalments=tuple(row.number for row in unpaid),
        amount=sum(row.outstanding for row in unpaid),
        currency=loan.contract.currency,
        debit_account=account,
        due_date=due,
        collect_on=on,
        attempt=attempt,
    )
    return replace(loan, debit=Debit(_after_attempt(loan, product, due, attempt, on), due, attempt, order)), [tell]


def answered(loan: Loan, request_id: UUID, product: Product, reason: FailureReason | None, today: date) -> Loan:
    """The loan once a debit order is answered; an order answered before changes nothing."""
    debit = loan.debit
    if debit.waits_for != request_id:
        return loan
    following = debit.next_on
    if reason in HOPELESS:
        following = _next_cycle(loan, product, today)
    return replace(loan, debit=debit._replace(waits_for=None, next_on=following))


def _after_attempt(loan: Loan, product: Product, due: date, attempt: int, on: date) -> date | None:
    dates = [each for each in (_next_cycle(loan, product, on),) if each is not None]
    if attempt < len(product.debit_days):
        dates.append(max(due + timedelta(days=product.debit_days[attempt]), on + timedelta(days=1)))
    return min(dates, default=None)


def _next_cycle(loan: Loan, product: Product, after: date) -> date | None:
    first = product.debit_days[0] if product.debit_days else 0
    days = (row.due_date + timedelta(days=first) for row in loan.instalments if row.due_date > after)
    return next(days, None)
