"""Money that really moved, by what the bank told and the lender took. Pure."""

from collections import Counter

from lendstream.events.loan import LoanDisbursed, PaymentApplied, PaymentUndone, RefundPaid
from lendstream.events.payment import PaymentReceived, PaymentReversed
from lendstream_simulator.facts import Facts


def cash(facts: Facts) -> Counter[str]:
    """By currency: payments that stayed, less payouts and refunds.

    What no loan can take counts too: money for an unknown loan, or in another currency, waits in suspense.
    """
    moved = stayed(facts)
    for out in (facts.data(LoanDisbursed), facts.data(RefundPaid)):
        for each in out:
            moved[each.currency] -= each.amount
    return moved


def stayed(facts: Facts) -> Counter[str]:
    """By currency: what came in and was not taken back again."""
    applied = {each.payment_id for each in facts.data(PaymentApplied)}
    undone = {each.payment_id for each in facts.data(PaymentUndone)}
    undone |= {each.payment_id for each in facts.data(PaymentReversed)} - applied  # it was in suspense
    received = {each.payment_id: each for each in facts.data(PaymentReceived)}
    moved: Counter[str] = Counter()
    for number, payment in received.items():
        if number not in undone:
            moved[payment.currency] += payment.amount
    return moved
