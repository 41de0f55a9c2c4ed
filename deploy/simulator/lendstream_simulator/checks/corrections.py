"""Corrections: what bounced is undone once, and every change begins where the one before it ended."""

from collections.abc import Iterator
from typing import Any

from lendstream.events.loan import AmountWaived, PaymentApplied, PaymentReallocated, PaymentUndone, WaiverUndone
from lendstream.events.payment import PaymentReversed
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule, at_most_one, one_each


def reversals(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A payment that was applied and taken back is undone, once; nothing else is."""
    applied = {each.payment_id: each for each in facts.data(PaymentApplied)}
    undone = facts.data(PaymentUndone)
    taken_back = {each.payment_id for each in facts.data(PaymentReversed)} & applied.keys()
    yield from one_each("one undoing a reversed payment", taken_back, [each.payment_id for each in undone])
    for each in undone:
        before = applied.get(each.payment_id)
        if before and (before.loan_id, before.amount) != (each.loan_id, each.amount):
            yield Finding(Fault.WRONG, "what is undone is what was applied", f"payment {each.payment_id}")


def changes(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A payment is reallocated or undone from where it counted before, and never after it was undone."""
    holding: dict[str, tuple[Any, ...]] = {}
    events = [
        each.data for each in facts.every if isinstance(each.data, PaymentApplied | PaymentReallocated | PaymentUndone)
    ]
    for event in sorted(events, key=lambda each: (str(each.loan_id), each.sequence)):
        if not isinstance(event, PaymentApplied):
            about = f"payment {event.payment_id} at {event.sequence} of loan {event.loan_id}"
            if event.payment_id not in holding:
                yield Finding(Fault.UNFOUNDED, "a change of a payment that counts", about)
            elif holding[event.payment_id] != (event.previous, event.previous_fee, event.previous_credit):
                yield Finding(Fault.WRONG, "a change begins where the payment counted", about)
        if isinstance(event, PaymentUndone):
            holding.pop(event.payment_id, None)
        else:
            holding[event.payment_id] = event.allocations, event.fee, event.credit


def waivers(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A waiver is granted once, and undone at most once, as it was granted."""
    granted = {each.waiver_id: each for each in facts.data(AmountWaived)}
    undone = facts.data(WaiverUndone)
    yield from at_most_one("one waiver an id", [each.waiver_id for each in facts.data(AmountWaived)])
    yield from at_most_one("one undoing a waiver", [each.waiver_id for each in undone])
    for each in undone:
        before = granted.get(each.waiver_id)
        if before is None:
            yield Finding(Fault.UNFOUNDED, "an undone waiver was granted", f"waiver {each.waiver_id}")
        elif before.allocations != each.allocations:
            yield Finding(Fault.WRONG, "a waiver is undone as it was granted", f"waiver {each.waiver_id}")


CORRECTION_RULES = (
    Rule(reversals, "reversals", (PaymentReversed, PaymentUndone)),
    Rule(changes, "reallocations", (PaymentReallocated, PaymentUndone)),
    Rule(waivers, "waivers", (AmountWaived, WaiverUndone)),
)
