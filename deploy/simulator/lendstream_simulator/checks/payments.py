"""Payments: each distinct one for a known loan applied once, and every fen of it accounted for."""

from collections.abc import Iterator

from lendstream.events.loan import Allocation, LoanOpened, PaymentApplied
from lendstream.events.payment import PaymentReceived
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Check, Deliveries, Fault, Finding, one_each


def payments(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A payment that its channel reports twice is one payment; one for an unknown loan waits in suspense."""
    known = {each.loan_id for each in facts.data(LoanOpened)}
    received = {each.payment_id: each for each in facts.data(PaymentReceived) if each.loan_id in known}
    applied = facts.data(PaymentApplied)
    yield from one_each("one application a payment", received, [each.payment_id for each in applied])
    for each in applied:
        source = received.get(each.payment_id)
        if source and (source.loan_id, source.amount) != (each.loan_id, each.amount):
            yield Finding(Fault.WRONG, "a payment is applied as it was received", f"payment {each.payment_id}")


def allocations(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The parts of a payment and the credit left of it sum to its amount."""
    for each in facts.data(PaymentApplied):
        total = allocated(each) + each.credit
        if total != each.amount:
            about = f"payment {each.payment_id}: {total} of {each.amount}"
            yield Finding(Fault.WRONG, "allocations sum to the payment", about)


def allocated(event: PaymentApplied) -> int:
    """The sum of a payment's parts."""
    return sum(_total(part) for part in event.allocations)


def _total(part: Allocation) -> int:
    return part.fee + part.penalty + part.interest + part.principal


PAYMENT_CHECKS: tuple[Check, ...] = (payments, allocations)
