"""Loans: one for every accepted offer, each with its events in order, and money out as it was asked for."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from lendstream.events.application import OfferAccepted
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.loan import (
    DisbursementRequested,
    LoanCancelled,
    LoanDisbursed,
    LoanEvent,
    LoanOpened,
)
from lendstream.events.payment import DisbursementConfirmed, DisbursementFailed
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Check, Deliveries, Fault, Finding, at_most_one, one_each

_FEWER = frozenset({"income_based", "single_payment"})
"""Methods by which the instalments accepted are the most there may be."""


def loans(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """One loan for every accepted offer, of the principal accepted, which its schedule repays."""
    accepted = {each.application_id: each for each in facts.data(OfferAccepted)}
    opened = facts.data(LoanOpened)
    yield from one_each("one loan an accepted offer", accepted, [each.application_id for each in opened])
    yield from at_most_one("one opening a loan", [each.loan_id for each in opened])
    for loan in opened:
        if loan.limit:  # a credit line is repaid as it is drawn
            continue
        scheduled = sum(row.principal for row in loan.instalments)
        if scheduled != loan.principal:
            about = f"loan {loan.loan_id}: {scheduled} scheduled of {loan.principal}"
            yield Finding(Fault.WRONG, "the schedule repays the principal", about)
        offer = accepted.get(loan.application_id)
        count = sum(row.number > 0 for row in loan.instalments)  # a down payment is no instalment
        fewer = loan.method in _FEWER and count < offer.instalments if offer else False
        if (
            offer
            and (loan.principal, count) != (offer.amount, offer.instalments)
            and not (fewer and loan.principal == offer.amount)
        ):
            yield Finding(Fault.WRONG, "the loan is what was accepted", f"loan {loan.loan_id}")


def sequences(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Each loan's events are numbered 1 to n on the topic, in order, none missing and none twice."""
    by_loan: dict[UUID, list[int]] = defaultdict(list)
    for event in (each.data for each in facts.every):
        if isinstance(event, LoanEvent):
            by_loan[event.loan_id].append(event.sequence)
    for loan, numbers in by_loan.items():
        distinct = set(numbers)
        if missing := set(range(1, max(numbers) + 1)) - distinct:
            yield Finding(Fault.LOST, "sequences without gaps", f"loan {loan}: {sorted(missing)}")
        if len(numbers) > len(distinct):
            double = sorted(number for number in distinct if numbers.count(number) > 1)
            yield Finding(Fault.DOUBLED, "sequences without doubles", f"loan {loan}: {double}")
        if numbers != sorted(numbers):
            yield Finding(Fault.WRONG, "sequences in the topic's order", f"loan {loan}")


def payouts(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Every order is carried out once with the amount asked for, or failed, or its loan was cancelled."""
    orders = {each.disbursement_id: each for each in facts.data(DisbursementRequested)}
    confirmed = {each.disbursement_id: each for each in facts.data(DisbursementConfirmed)}
    failed = {each.disbursement_id for each in facts.data(DisbursementFailed)}
    cancelled = {each.loan_id for each in facts.data(LoanCancelled)}
    disbursed = facts.data(LoanDisbursed)
    done = {each.disbursement_id for each in disbursed}
    yield from at_most_one("one order an id", [each.disbursement_id for each in facts.data(DisbursementRequested)])
    yield from at_most_one("one payout an order", [each.disbursement_id for each in disbursed])
    yield from at_most_one("one payout a part of a loan", [(each.loan_id, each.part) for each in disbursed])
    for order in orders.values():
        later = facts.last_day is not None and order.pay_on > facts.last_day
        if not (order.disbursement_id in done | failed or order.loan_id in cancelled or later):
            yield Finding(Fault.LOST, "an outcome of every order", f"order {order.disbursement_id}")
    for payout in disbursed:
        about = f"order {payout.disbursement_id} of loan {payout.loan_id}"
        asked, paid = orders.get(payout.disbursement_id), confirmed.get(payout.disbursement_id)
        if asked is None or paid is None:
            yield Finding(Fault.UNFOUNDED, "a payout was ordered and confirmed", about)
        elif not asked.amount == paid.amount == payout.amount or asked.part != payout.part:
            yield Finding(Fault.WRONG, "money out is money asked for", about)
    yield from _paid_out(facts, failed)


def _paid_out(facts: Facts, failed: set[UUID]) -> Iterator[Finding]:
    """Every loan whose day has come is paid out or cancelled; a failure of the last day may still be mended."""
    ended = {each.loan_id for each in facts.data(LoanDisbursed)} | {each.loan_id for each in facts.data(LoanCancelled)}
    today = facts.last_day
    recent = {each.loan_id for each in facts.data(DisbursementFailed) if today is None or each.failed_on >= today}
    for loan in facts.data(LoanOpened):
        due = today is None or loan.interest_from <= today
        if due and loan.loan_id not in ended | recent:
            yield Finding(Fault.LOST, "every loan is paid out", f"loan {loan.loan_id}")


def days(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Every business day begun is closed, once a currency of the book."""
    started = {f"{each.day} of {each.lender}" for each in facts.data(BusinessDayStarted)}
    closed = [f"{each.day} of {each.lender} in {each.currency}" for each in facts.data(BusinessDayClosed)]
    yield from one_each("every business day is closed", started, {each.rpartition(" in ")[0] for each in closed})
    yield from at_most_one("one close a business day and currency", closed)


LOAN_CHECKS: tuple[Check, ...] = (loans, sequences, payouts, days)
