"""Payouts after the first: the tranches of a loan, the draws of a credit line."""

from datetime import date
from functools import partial
from uuid import UUID

from lendstream.events.loan import DisbursementRequested

from .loan import Kind, Loan, Payout, Telling, disbursement_id_of, replace


def planned(loan: Loan) -> Loan:
    """The loan with the tranches agreed, each to be paid out on its day."""
    options = loan.contract.options
    if options is None or not options.tranches:
        return loan
    tranches = enumerate(options.tranches, 1)
    return replace(loan, payouts=tuple(Payout(number, each.amount, each.on, Kind.TRANCHE) for number, each in tranches))


def pay_out_due(loan: Loan, on: date) -> tuple[Loan, list[Telling]]:
    """Ask for the payouts whose day has come."""
    told: list[Telling] = []
    for payout in to_order(loan):
        if payout.pay_on <= on:
            loan, tell = ordered(loan, payout._replace(attempt=1))
            told.append(tell)
    return loan, told


def to_order(loan: Loan) -> list[Payout]:
    """The payouts that are asked for on their day: none once the customer has repaid all that he was paid."""
    waiting = [each for each in loan.payouts if not each.attempt and not each.cancelled]
    return waiting if waiting and loan.undrawn else []


def ordered(loan: Loan, payout: Payout) -> tuple[Loan, Telling]:
    """The loan with this payout asked for, and the order."""
    contract = loan.contract
    tell = partial(
        DisbursementRequested,
        disbursement_id=disbursement_id_of(loan.id, payout.attempt, payout.part),
        amount=payout.amount,
        currency=contract.currency,
        payout_account=loan.pays_to or contract.payout_account,
        pay_on=payout.pay_on,
        attempt=payout.attempt,
        recipient=contract.recipient,
        order_reference=contract.options.order_reference if contract.options else None,
        part=payout.part,
    )
    return with_payout(loan, payout), tell


def with_payout(loan: Loan, payout: Payout) -> Loan:
    """The loan with another state of one of its payouts, or one more."""
    others = [payout if each.part == payout.part else each for each in loan.payouts]
    if payout.part > len(loan.payouts):
        others.append(payout)
    return replace(loan, payouts=tuple(others))


def part_of(loan: Loan, disbursement_id: UUID) -> Payout | None:
    """The payout after the first that an order belongs to."""
    for payout in loan.payouts:
        given = (disbursement_id_of(loan.id, attempt, payout.part) for attempt in range(1, payout.attempt + 1))
        if disbursement_id in given:
            return payout
    return None
