"""Correcting one loan after a payment backdated by 200 days with 50 later transactions, against its schedule 50 times.

python -m benchmarks.correction [--json]

A loan of 36 instalments, 50 payments of odd amounts over 200 days, then one more with a value date before them all. The
clock runs over `payments.receive`: the loan derived anew from its entries, every payment that counts differently told,
its journals made. The floor generates the loan's schedule 50 times. Both by processor time, taking turns, the best.
"""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from benchmarks.measure import Figure
from benchmarks.open_loans import agreement
from lendstream.amortization import generate
from lendstream.catalogue import load
from lendstream.events.loan import PaymentReallocated
from lendstream.events.payment import DisbursementConfirmed, PaymentReceived
from lendstream.runtime.decider import Context
from lendstream_servicing.domain import payments
from lendstream_servicing.domain.loan import Loan, Policy, disbursement_id_of
from lendstream_servicing.domain.opening import accept, approve
from lendstream_servicing.domain.payout import confirm
from lendstream_servicing.handlers import concluded
from lendstream_servicing.ledger import chart

OPENED = date(2026, 3, 2)
TODAY = OPENED + timedelta(days=260)
PAYMENTS, BACK, ROUNDS = 50, 200, 60
"""So many later transactions, over so many days."""


def context(day: date) -> Context:
    """A record's context on a business day."""
    now = datetime.now(UTC)
    return Context(now=now, business_date=day, event_id="bench", event_time=now)


def paid_loan(policy: Policy) -> Loan:
    """A loan with 50 payments over the last 200 days."""
    application = uuid4()
    decided, accepted = agreement(application, 1, product="consumer-general", instalments=36, amount=3_600_000)
    account, _ = approve(None, decided, OPENED, policy)
    loan, _ = accept(account, accepted, OPENED, policy)
    assert isinstance(loan, Loan)
    confirmed = DisbursementConfirmed(
        disbursement_id=disbursement_id_of(loan.id, 1),
        loan_id=loan.id,
        amount=loan.contract.payout,
        currency="CNY",
        value_date=OPENED,
        bank_reference="BANK-1",
    )
    loan, _ = confirm(loan, confirmed, OPENED, policy)
    first = TODAY - timedelta(days=BACK - 1)
    for number in range(PAYMENTS):
        day = first + timedelta(days=number * (BACK - 2) // PAYMENTS)
        loan, _ = payments.receive(loan, payment(loan.id, f"p{number}", 20_000 + 137 * number, day), day, policy)
    assert isinstance(loan, Loan)
    return replace(loan, news=(), journals=())


def payment(loan_id: object, payment_id: str, amount: int, on: date) -> PaymentReceived:
    """Money for the loan."""
    return PaymentReceived.model_validate(
        {
            "payment_id": payment_id,
            "loan_id": loan_id,
            "amount": amount,
            "currency": "CNY",
            "value_date": on,
            "channel": "bank-transfer",
        }
    )


def main() -> None:
    """Measure and print."""
    policy = Policy(load(), chart().numbers)
    loan = paid_loan(policy)
    backdated = payment(loan.id, "late", 150_000, TODAY - timedelta(days=BACK))
    product = policy.product(loan)
    terms = product.terms(3_600_000, 36, Decimal("0.18"), OPENED)
    told = concluded(loan, payments.receive(loan, backdated, TODAY, policy), context(TODAY), policy).events
    changed = sum(isinstance(event, PaymentReallocated) for event in told)
    assert changed >= PAYMENTS - 1, f"only {changed} payments count differently"

    best = {"correction": 0.0, "floor": 0.0}
    for _ in range(ROUNDS):
        started = time.process_time()
        concluded(loan, payments.receive(loan, backdated, TODAY, policy), context(TODAY), policy)
        best["correction"] = max(best["correction"], 1 / (time.process_time() - started))
        started = time.process_time()
        for _ in range(PAYMENTS):
            generate(terms)
        best["floor"] = max(best["floor"], 1 / (time.process_time() - started))
    Figure(
        f"corrections, a payment {BACK} days back, {changed} later ones count differently, told and booked",
        best["correction"],
        f"its schedule generated {PAYMENTS} times",
        best["floor"],
        "/s",
        goal=1 / 3,
    ).show()
    started = time.process_time()
    for _ in range(20):
        payments.receive(loan, backdated, TODAY, policy)
    print(f"  one correction takes {(time.process_time() - started) / 20 * 1000:.2f} ms without its journals")


if __name__ == "__main__":
    main()
