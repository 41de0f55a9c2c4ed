"""Money in: applied as soon as the loan can take it, in suspense until then, taken back when it bounces.

Nothing is lost: money for a loan that is not known or not paid out, or in another currency, waits where an operator
sees it.
"""

from datetime import date
from uuid import UUID

from lendstream.errors import Refused
from lendstream.events.payment import PaymentFailed, PaymentReceived, PaymentReversed, RefundConfirmed, RefundFailed

from .collection import answered
from .life import carried_on, corrected
from .loan import Account, Answer, Awaiting, Entry, Kind, Loan, Policy, numbered, replace
from .refunds import check_order, refund_id_of


def receive(account: Account | None, event: PaymentReceived, today: date, policy: Policy) -> Answer:
    """A payment came in. The same number with the same content was seen before and changes nothing.

    Errors: Refused for a known number with other content.
    """
    account = account or Awaiting(event.loan_id)
    entry = Entry(
        event.payment_id,
        Kind.PAYMENT,
        event.amount,
        event.currency,
        event.value_date,
        event.channel,
        today,
        unallocated=event.amount,
        intent=event.intent,
    )
    if known := _find(account, entry.id):
        _check_same(known, entry)
        return account, ()
    if isinstance(account, Awaiting):
        return replace(account, entries=(*account.entries, entry)), ()
    loan = replace(account, entries=(*account.entries, entry))
    if event.request_id is not None:
        loan = answered(loan, event.request_id, policy.product(loan), None, today)
    return numbered(*carried_on(loan, today, policy))


def fail(account: Account | None, event: PaymentFailed, today: date, policy: Policy) -> Answer:
    """A debit order brought nothing: the next one follows by the product's plan. Seen again, it changes nothing.

    Errors: Refused for a loan that is not open.
    """
    loan = opened(account)
    return answered(loan, event.request_id, policy.product(loan), event.reason, today), ()


def reverse(account: Account | None, event: PaymentReversed, today: date, policy: Policy) -> Answer:
    """A payment is taken back; the loan is derived anew as if it had never come. Seen again, it changes nothing.

    Errors: Refused for a payment that is not known.
    """
    entry = _find(account, event.payment_id) if account else None
    if account is None or entry is None or entry.kind is not Kind.PAYMENT:
        raise Refused(
            "unknown_payment",
            f"No payment {event.payment_id} came in for this loan.",
            field="payment_id",
            fix="Send payment_id and loan_id as in PaymentReceived, after it.",
        )
    if entry.undone_on is not None:
        if entry.detail:  # matched: whoever takes it back must find the loan that has it now
            raise Refused(
                "payment_moved",
                f"Payment {entry.id} waited here and was given to another loan: {entry.reason}",
                field="loan_id",
                fix=f"Reverse it there, as payment {entry.detail}.",
            )
        return account, ()
    undone = entry._replace(undone_on=today, reason=event.reason, unallocated=0)
    if isinstance(account, Awaiting) or entry.applied_on is None:
        return replace(account, entries=tuple(undone if each is entry else each for each in account.entries)), ()
    return numbered(*corrected(account, today, policy, f"reversal of {entry.id}", undone))


def refund_paid(account: Account | None, event: RefundConfirmed, today: date, policy: Policy) -> Answer:
    """A credit balance was given back. Seen again, it changes nothing.

    Errors: Refused for a loan that is not open, an order that was never given, or another amount than asked for.
    """
    loan = opened(account)
    check_order(loan, event.refund_id)
    if _find(loan, str(event.refund_id)):
        return loan, ()
    current = _is_current(loan, event.refund_id)
    if current and loan.refund and (event.amount, event.currency) != (loan.refund, loan.contract.currency):
        raise Refused(
            "amount_not_as_asked",
            f"{loan.refund} {loan.contract.currency} was asked for, {event.amount} {event.currency} is confirmed.",
            field="amount",
            fix="Pay back what was asked for; settle the difference with operations, then retry.",
        )
    entry = Entry(
        str(event.refund_id),
        Kind.REFUND,
        event.amount,
        event.currency,
        min(event.value_date, today),
        "",
        today,
        reason=event.bank_reference,
    )
    asked = 0 if current else loan.refund
    return numbered(*carried_on(replace(loan, refund=asked, entries=(*loan.entries, entry)), today, policy))


def refund_failed(account: Account | None, event: RefundFailed, today: date, policy: Policy) -> Answer:
    """A credit balance could not be given back: it stays, and an operator asks again.

    Errors: Refused for a loan that is not open or an order that was never given.
    """
    loan = opened(account)
    check_order(loan, event.refund_id)
    if not loan.refund or not _is_current(loan, event.refund_id):
        return loan, ()
    return replace(loan, refund=0), ()


def _is_current(loan: Loan, refund_id: UUID) -> bool:
    """Whether it is the last refund order given: one before it was answered already."""
    return refund_id == refund_id_of(loan.id, loan.refunds)


def opened(account: Account | None) -> Loan:
    """The loan of an account. Raises Refused where none is open."""
    if account is None or isinstance(account, Awaiting):
        raise Refused(
            "unknown_loan",
            "No loan of this id has been opened.",
            field="loan_id",
            fix="Send loan_id as in LoanOpened.",
        )
    return account


def _find(account: Account | None, entry_id: str) -> Entry | None:
    return next((each for each in account.entries if each.id == entry_id), None) if account else None


def _check_same(known: Entry, again: Entry) -> None:
    for field in ("amount", "currency", "value_date", "channel"):
        before, now = getattr(known, field), getattr(again, field)
        if before != now:
            raise Refused(
                "payment_conflict",
                f"Payment {known.id} came before with {before}, now with {now}.",
                field=field,
                fix="Give other money another payment_id.",
            )
