"""The payout: confirmed, or failed and tried again, or the loan is cancelled."""

from datetime import date
from functools import partial
from uuid import UUID

from lendstream.errors import Refused
from lendstream.events.loan import LoanCancelled, LoanDisbursed, Recipient
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed

from .collection import planned
from .life import carried_on, corrected, scheduled
from .loan import (
    Account,
    Answer,
    Awaiting,
    Entry,
    Kind,
    Loan,
    Payout,
    Policy,
    Status,
    disbursement_id_of,
    numbered,
    replace,
)
from .opening import payout_request
from .tranches import ordered, part_of, with_payout


def confirm(account: Account | None, event: DisbursementConfirmed, today: date, policy: Policy) -> Answer:
    """The money is out: the loan is active, and payments that came too early are applied.

    Errors: Refused for an unknown loan or order, another amount or currency than asked for, an order that was
    reported failed before, or a confirmation that contradicts an earlier one.
    """
    loan = _known(account)
    if payout := part_of(loan, event.disbursement_id):
        return _confirm_part(loan, payout, event, today, policy)
    if event.disbursement_id != disbursement_id_of(loan.id, loan.attempt):
        _check_order(loan, event.disbursement_id)
        raise _contradiction("payout_superseded", "The order was reported failed, and another was given.")
    if loan.status is Status.CANCELLED:
        raise _contradiction("loan_cancelled", "The order was reported failed, and the loan cancelled.")
    _check_asked(loan.contract.payout, loan.contract.currency, event)
    if loan.status is not Status.OPENED:
        if (event.value_date, event.bank_reference) != (loan.disbursed_on, loan.bank_reference):
            raise _contradiction("payout_conflict", f"The payout was confirmed before as {loan.bank_reference}.")
        return loan, ()
    active = replace(loan, status=Status.ACTIVE, disbursed_on=event.value_date, bank_reference=event.bank_reference)
    tell = partial(
        LoanDisbursed,
        disbursement_id=event.disbursement_id,
        amount=event.amount,
        currency=event.currency,
        disbursed_on=event.value_date,
        bank_reference=event.bank_reference,
        principal=loan.contract.principal - loan.contract.later,
    )
    active = scheduled(planned(active, policy.product(active), event.value_date), policy)
    paid, told = carried_on(active, today, policy)
    return numbered(paid, [tell, *told])


def _confirm_part(loan: Loan, payout: Payout, event: DisbursementConfirmed, today: date, policy: Policy) -> Answer:
    """A tranche or a draw is out."""
    if payout.cancelled or event.disbursement_id != disbursement_id_of(loan.id, payout.attempt, payout.part):
        raise _contradiction("payout_superseded", "The order was reported failed before.")
    _check_asked(payout.amount, loan.contract.currency, event)
    if payout.done_on is not None:
        if event.value_date != payout.done_on:
            raise _contradiction("payout_conflict", f"The payout was confirmed before, as of {payout.done_on}.")
        return loan, ()
    on = min(event.value_date, today)
    entry = Entry(
        str(event.disbursement_id),
        payout.kind,
        payout.amount,
        event.currency,
        on,
        "",
        today,
        detail=f'{{"instalments": {payout.instalments}}}' if payout.kind is Kind.DRAW else "",
    )
    tell = partial(
        LoanDisbursed,
        disbursement_id=event.disbursement_id,
        amount=event.amount,
        currency=event.currency,
        disbursed_on=event.value_date,
        bank_reference=event.bank_reference,
        part=payout.part,
        principal=payout.amount,
    )
    out = with_payout(replace(loan, entries=(*loan.entries, entry)), payout._replace(done_on=on))
    if payout.kind is Kind.TRANCHE and on != payout.pay_on:
        after, told = corrected(out, today, policy, f"tranche {payout.part} paid out on {on}")
    else:
        after, told = carried_on(out, today, policy)
    return numbered(after, [tell, *told])


def _fail_part(loan: Loan, payout: Payout, event: DisbursementFailed, today: date, policy: Policy) -> Answer:
    """A tranche or a draw could not be paid out: tried again, or the loan goes on without it."""
    if payout.cancelled or event.disbursement_id != disbursement_id_of(loan.id, payout.attempt, payout.part):
        return loan, ()
    if payout.done_on is not None:
        raise _contradiction("already_disbursed", f"The payout was confirmed before, as of {payout.done_on}.")
    needed = payout.kind is Kind.DRAW or loan.status is Status.ACTIVE
    if event.retryable and payout.attempt < policy.payout_attempts and needed:
        put_off = payout._replace(attempt=payout.attempt + 1, pay_on=max(payout.pay_on, today))
        loan, tell = ordered(loan, put_off)
        if payout.kind is Kind.DRAW or put_off.pay_on == payout.pay_on:
            return numbered(loan, [tell])
        after, told = corrected(loan, today, policy, f"tranche {payout.part} put off to {put_off.pay_on}")
        return numbered(after, [tell, *told])
    without = with_payout(loan, payout._replace(cancelled=True))
    if payout.kind is Kind.DRAW:
        return scheduled(without, policy), ()
    return numbered(*corrected(without, today, policy, f"tranche {payout.part} not paid out"))


def fail(account: Account | None, event: DisbursementFailed, today: date, policy: Policy) -> Answer:
    """The payout failed: another attempt if the channel says that it can help, else to the customer's other account.

    Where there is none, or that fails too, the loan is cancelled: no money went out, and nothing is owed.
    Errors: Refused for an unknown loan or order, and for an order that was confirmed before.
    """
    loan = _known(account)
    if payout := part_of(loan, event.disbursement_id):
        return _fail_part(loan, payout, event, today, policy)
    _check_order(loan, event.disbursement_id)
    current = event.disbursement_id == disbursement_id_of(loan.id, loan.attempt)
    if loan.status is Status.CANCELLED or not current:
        return loan, ()
    if loan.status is not Status.OPENED:
        raise _contradiction("already_disbursed", f"The payout was confirmed before as {loan.bank_reference}.")
    again = replace(loan, attempt=loan.attempt + 1, pay_on=max(loan.pay_on, today))
    accounts_tried = 2 if loan.pays_to else 1
    if event.retryable and loan.attempt < policy.payout_attempts * accounts_tried:
        return numbered(again, [payout_request(again)])
    if other := _other_account(loan):
        again = replace(again, pays_to=other)
        return numbered(again, [payout_request(again)])
    cancelled = replace(loan, status=Status.CANCELLED, ended_on=today)
    tell = partial(
        LoanCancelled,
        application_id=loan.contract.application_id,
        reason=event.reason or "payout failed",
        cancelled_on=today,
    )
    return numbered(cancelled, [tell])


def _other_account(loan: Loan) -> str | None:
    """Another account of the customer than the one that was tried, if we know one."""
    contract = loan.contract
    if loan.pays_to is not None or contract.recipient is not Recipient.CUSTOMER:
        return None
    return contract.debit_account if contract.debit_account != contract.payout_account else None


def _known(account: Account | None) -> Loan:
    if account is None or isinstance(account, Awaiting):
        raise Refused(
            "unknown_loan",
            "No loan of this id has been opened.",
            field="loan_id",
            fix="Send loan_id as in DisbursementRequested.",
        )
    return account


def _check_order(loan: Loan, disbursement_id: UUID) -> None:
    given = (disbursement_id_of(loan.id, attempt) for attempt in range(1, loan.attempt + 1))
    if disbursement_id not in given:
        raise Refused(
            "unknown_disbursement",
            "The loan has no such payout order.",
            field="disbursement_id",
            fix="Send disbursement_id as in DisbursementRequested.",
        )


def _check_asked(amount: int, currency: str, event: DisbursementConfirmed) -> None:
    for field, asked in (("amount", amount), ("currency", currency)):
        if (said := getattr(event, field)) != asked:
            raise Refused(
                f"{field}_not_as_asked",
                f"{asked} was asked for, {said} is confirmed.",
                field=field,
                fix="Pay out what was asked for; settle the difference with operations, then retry.",
            )


def _contradiction(code: str, message: str) -> Refused:
    return Refused(
        code, message, field="disbursement_id", fix="Check with the payment channel whether money went out twice."
    )
