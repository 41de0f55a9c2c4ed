"""Direct debits: every order is answered once, by money or by a reason, and the money is the order's."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from lendstream.events.loan import LoanCancelled, PaymentApplied, PaymentRequested
from lendstream.events.payment import PaymentFailed, PaymentReceived
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule, at_most_one, one_each


def orders(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """No order is given twice, and none for an attempt that was ordered before."""
    asked = facts.data(PaymentRequested)
    yield from at_most_one("one debit order an id", [each.request_id for each in asked])
    attempts = [(each.loan_id, each.due_date, each.attempt) for each in asked]
    yield from at_most_one("one debit order an attempt", attempts)


def answers(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """An order whose day has come has one answer, however often the bank tells it; nothing is answered unasked."""
    asked = {each.request_id: each for each in facts.data(PaymentRequested)}
    given: dict[UUID, set[str]] = defaultdict(set)
    for paid in facts.data(PaymentReceived):
        if paid.request_id is not None:
            given[paid.request_id].add(f"paid by {paid.payment_id}")
            order = asked.get(paid.request_id)
            if order and (order.loan_id, order.amount, order.currency) != (paid.loan_id, paid.amount, paid.currency):
                yield Finding(Fault.WRONG, "a debit brings what was ordered", f"order {paid.request_id}")
    for failed in facts.data(PaymentFailed):
        given[failed.request_id].add(f"failed, {failed.reason}")
    cancelled = {each.loan_id for each in facts.data(LoanCancelled)}
    today = facts.last_day
    expected = {
        each.request_id
        for each in asked.values()
        # a bank may answer on the day after
        if (today is None or each.collect_on < today) and each.loan_id not in cancelled
    }
    found = [request for request, answers in given.items() for _ in answers]
    yield from one_each("one answer a debit order", expected | (given.keys() & asked.keys()), found)


def collections(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """What a debit order brought is applied once, to the order's loan."""
    loan_of = {each.request_id: each.loan_id for each in facts.data(PaymentRequested)}
    collected = {
        each.payment_id: loan_of[each.request_id]
        for each in facts.data(PaymentReceived)
        if each.request_id is not None and each.request_id in loan_of
    }
    applied = [each for each in facts.data(PaymentApplied) if each.payment_id in collected]
    yield from one_each("one application a collected debit", collected, [each.payment_id for each in applied])
    for each in applied:
        if each.loan_id != collected[each.payment_id]:
            yield Finding(Fault.WRONG, "a debit is applied to the loan it was ordered for", f"{each.payment_id}")


DEBIT_RULES = tuple(Rule(check, "debit orders", (PaymentRequested,)) for check in (orders, answers, collections))
