"""Messages about what happened to a loan: once an event, at once, if it is still news.

The rules are given news only (see `following`), with the plan as it was before the event.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from lendstream.events.loan import (
    HardshipRequested,
    LateFeeCharged,
    LoanClosed,
    LoanEvent,
    LoanRescheduled,
    PaymentUndone,
    RefundRequested,
    RescheduleReason,
)
from lendstream.events.notification import SkipReason
from lendstream_notifications.domain.message import Facts, Message, Occasion, skip
from lendstream_notifications.domain.plan import Plan, Planned
from lendstream_notifications.domain.rules import Notice, Rules


def late_fee(plan: Plan, event: LateFeeCharged, occasion: Occasion, *, rules: Rules) -> Planned:
    """A late fee was charged."""
    facts = Facts(amounts={"amount": event.amount}, numbers={"instalment": event.instalment})
    return _tell(plan, event, "late_fee", event.as_of, facts, occasion, rules)


def relief(plan: Plan, event: LoanRescheduled, occasion: Occasion, *, rules: Rules) -> Planned:
    """Relief was agreed: what an instalment was and is, when the next is due, and the last."""
    if event.reason is not RescheduleReason.RESTRUCTURE:
        return plan, ()
    before = [(each.due_date, each.charged) for each in plan.instalments]
    after = [(row.due_date, row.principal + row.interest + row.fee) for row in event.instalments]
    if not before or not after:  # no schedule to compare with
        return plan, ()
    _, old_amount = _next(before, event.effective_on)
    due_date, amount = _next(after, event.effective_on)
    facts = Facts(
        amounts={"old_amount": old_amount, "amount": amount},
        days={"due_date": due_date, "old_last": max(before)[0], "last": max(after)[0]},
        numbers={"left": sum(day >= due_date for day, _ in after)},
    )
    return _tell(plan, event, "relief", occasion.business_date, facts, occasion, rules)


def bounced(plan: Plan, event: PaymentUndone, occasion: Occasion, *, rules: Rules) -> Planned:
    """A payment was taken back."""
    facts = Facts(amounts={"amount": event.amount}, days={"value_date": event.value_date})
    return _tell(plan, event, "bounced", event.undone_on, facts, occasion, rules)


def refund(plan: Plan, event: RefundRequested, occasion: Occasion, *, rules: Rules) -> Planned:
    """A credit balance is on its way back."""
    facts = Facts(amounts={"amount": event.amount})
    return _tell(plan, event, "refund", event.requested_on, facts, occasion, rules)


def closed(plan: Plan, event: LoanClosed, occasion: Occasion, *, rules: Rules) -> Planned:
    """Nothing is owed any more."""
    credit = {"credit": event.credit} if event.credit else {}
    facts = Facts(amounts=credit, days={"closed_on": event.closed_on}, words={"reason": event.reason.value})
    return _tell(plan, event, "closed", event.closed_on, facts, occasion, rules)


def hardship(plan: Plan, event: HardshipRequested, occasion: Occasion, *, rules: Rules) -> Planned:
    """A request for relief was received."""
    facts = Facts(days={"requested_on": event.requested_on})
    return _tell(plan, event, "hardship", event.requested_on, facts, occasion, rules)


def _next(rows: Sequence[tuple[date, int]], after: date) -> tuple[date, int]:
    """The first instalment after a day of which there is something to pay; the last of all, if there is none."""
    return min((row for row in rows if row[0] > after and row[1]), default=max(rows))


def _tell(
    plan: Plan, event: LoanEvent, notice: Notice, on: date, facts: Facts, occasion: Occasion, rules: Rules
) -> Planned:
    """Queue the message; one about what is long past (a topic read again from its beginning) is out of date."""
    kind = rules.notices.get(notice)
    if kind is None:
        return plan, ()
    message = Message(
        key=f"{plan.loan_id}/{kind}/{event.sequence}",
        customer_id=plan.customer_id,
        loan_id=plan.loan_id,
        kind=kind,
        planned_for=on,
        queued_on=occasion.business_date,
        channel=rules.kinds[kind].channels[0],
        created_at=occasion.now,
        next_attempt_at=occasion.now,
        facts=facts,
        correlation_id=plan.correlation_id,
        traceparent=plan.traceparent,
    )
    if (occasion.business_date - on).days <= rules.notice_days:
        return replace(plan, messages=(*plan.messages, message)), ()
    message, skipped = skip(message, SkipReason.OUT_OF_DATE, occasion.now)
    return replace(plan, messages=(*plan.messages, message)), (skipped,)
