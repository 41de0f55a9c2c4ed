"""Money that really moved, by what the bank told and the lender took. Pure."""

from collections import Counter

from lendstream.events.loan import LoanDisbursed, LoanOpened, PaymentApplied, PaymentUndone, RefundPaid
from lendstream.events.payment import PaymentReceived, PaymentReversed
from lendstream_simulator.facts import Facts


def cash(facts: Facts) -> Counter[str]:
    """By currency: payments that stayed, less payouts and refunds.

    What is for no loan yet counts, in suspense. A payment in another currency than its loan's was never taken.
    """
    moved = stayed(facts)
    for out in (facts.data(LoanDisbursed), facts.data(RefundPaid)):
        for each in out:
            moved[each.currency] -= each.amount
    return moved


def stayed(facts: Facts) -> Counter[str]:
    """By currency: what came in and was not taken back again."""
    currency = {each.loan_id: each.currency for each in facts.data(LoanOpened)}
    applied = {each.payment_id for each in facts.data(PaymentApplied)}
    undone = {each.payment_id for each in facts.data(PaymentUndone)}
    in_suspense = {each.payment_id for each in facts.data(PaymentReversed)} - applied
    received = {each.payment_id: each for each in facts.data(PaymentReceived)}
    moved: Counter[str] = Counter()
    for number, payment in received.items():
        taken = currency.get(payment.loan_id, payment.currency) == payment.currency
        if taken and number not in undone | in_suspense:
            moved[payment.currency] += payment.amount
    return moved
