"""Refunds: each order carried out once, for the amount asked, and never more than there was to give back."""

from collections.abc import Iterator

from lendstream.events.loan import RefundPaid, RefundRequested
from lendstream.events.payment import RefundConfirmed, RefundFailed
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule, at_most_one, one_each
from lendstream_simulator.lives import lives


def orders(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Every order has an answer of the bank, and what the bank carried out is booked once with the amount asked for."""
    asked = {each.refund_id: each for each in facts.data(RefundRequested)}
    confirmed = {each.refund_id: each for each in facts.data(RefundConfirmed)}
    failed = {each.refund_id for each in facts.data(RefundFailed)}
    paid = facts.data(RefundPaid)
    yield from at_most_one("one refund order an id", [each.refund_id for each in facts.data(RefundRequested)])
    yield from one_each("one booking a refund", confirmed, [each.refund_id for each in paid])
    for order in asked.values():
        due = facts.last_day is None or order.requested_on < facts.last_day  # a bank may answer on the day after
        if due and order.refund_id not in confirmed.keys() | failed:
            yield Finding(Fault.LOST, "an outcome of every refund order", f"refund {order.refund_id}")
    for refund in paid:
        order_, out = asked.get(refund.refund_id), confirmed.get(refund.refund_id)
        if order_ is None:
            yield Finding(Fault.UNFOUNDED, "a refund was ordered", f"refund {refund.refund_id}")
        elif out and not order_.amount == out.amount == refund.amount:
            yield Finding(Fault.WRONG, "a refund is the amount asked for", f"refund {refund.refund_id}")


def within_credit(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """No loan is asked to give back more than its payments had left over: a bounce afterwards is nobody's mistake."""
    for life in lives(facts).values():
        if life.over_refunded > 0:
            about = f"loan {life.loan_id}: {life.over_refunded} too much"
            yield Finding(Fault.WRONG, "refunds within the credit", about)


REFUND_RULES = tuple(Rule(check, "refunds", (RefundRequested, RefundPaid)) for check in (orders, within_credit))
