"""Payments: each distinct one for a known loan applied once, and every fen of it accounted for."""

from collections.abc import Iterator

from lendstream.events.loan import Allocation, LoanOpened, PaymentApplied, PaymentReallocated, PaymentUndone
from lendstream.events.payment import PaymentReceived
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Check, Deliveries, Fault, Finding, one_each
from lendstream_simulator.lives import total


def payments(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A payment that its channel reports twice is one payment; one for an unknown loan waits in suspense."""
    received = takable(facts)
    applied = facts.data(PaymentApplied)
    yield from one_each("one application a payment", received, [each.payment_id for each in applied])
    for each in applied:
        source = received.get(each.payment_id)
        if source and (source.loan_id, source.amount) != (each.loan_id, each.amount):
            yield Finding(Fault.WRONG, "a payment is applied as it was received", f"payment {each.payment_id}")


def allocations(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The parts of a payment, its fee and the credit left of it sum to its amount, now and before."""
    for event in (each.data for each in facts.every):
        match event:
            case PaymentApplied():
                yield from _sums(event, event.allocations, event.fee, event.credit)
            case PaymentReallocated():
                yield from _sums(event, event.allocations, event.fee, event.credit)
                yield from _sums(event, event.previous, event.previous_fee, event.previous_credit)
            case PaymentUndone():
                yield from _sums(event, event.previous, event.previous_fee, event.previous_credit)


def takable(facts: Facts) -> dict[str, PaymentReceived]:
    """Payments for known loans in the loan's currency, by number: another currency waits for a person."""
    currency = {each.loan_id: each.currency for each in facts.data(LoanOpened)}
    return {
        each.payment_id: each for each in facts.data(PaymentReceived) if currency.get(each.loan_id) == each.currency
    }


def allocated(parts: tuple[Allocation, ...]) -> int:
    """The sum of a payment's parts."""
    return sum(map(total, parts))


def _sums(
    event: PaymentApplied | PaymentReallocated | PaymentUndone, parts: tuple[Allocation, ...], fee: int, credit: int
) -> Iterator[Finding]:
    found = allocated(parts) + fee + credit
    if found != event.amount:
        about = f"payment {event.payment_id} ({type(event).__name__}): {found} of {event.amount}"
        yield Finding(Fault.WRONG, "allocations, fee and credit sum to the payment", about)


PAYMENT_CHECKS: tuple[Check, ...] = (payments, allocations)
