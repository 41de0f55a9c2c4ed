"""Credit balances: what was paid beyond everything owed goes back to the customer."""

from datetime import date
from functools import partial
from uuid import UUID, uuid5

from lendstream.errors import Refused
from lendstream.events.loan import Recipient, RefundRequested

from .loan import Loan, Status, Telling, replace


def refund_id_of(loan_id: UUID, number: int) -> UUID:
    """The loan's refund order of this number."""
    return uuid5(loan_id, f"refund/{number}")


def refund_account(loan: Loan) -> str | None:
    """Where a credit goes: the customer's account, if we know one."""
    contract = loan.contract
    own = contract.payout_account if contract.recipient is Recipient.CUSTOMER else None
    return contract.debit_account or own


def refunded(loan: Loan, today: date) -> tuple[Loan, list[Telling]]:
    """Ask for the refund of a closed loan's credit, one order at a time."""
    account = refund_account(loan)
    if loan.status is not Status.CLOSED or loan.credit <= 0 or loan.refund or account is None:
        return loan, []
    asked = replace(loan, refund=loan.credit, refunds=loan.refunds + 1)
    tell = partial(
        RefundRequested,
        refund_id=refund_id_of(loan.id, asked.refunds),
        amount=loan.credit,
        currency=loan.contract.currency,
        refund_account=account,
        requested_on=today,
    )
    return asked, [tell]


def check_order(loan: Loan, refund_id: UUID) -> None:
    """Raises Refused for an order that was never given."""
    if refund_id not in {refund_id_of(loan.id, number) for number in range(1, loan.refunds + 1)}:
        raise Refused(
            "unknown_refund",
            "The loan has no such refund order.",
            field="refund_id",
            fix="Send refund_id as in RefundRequested.",
        )
