"""Which of a loan's events say what to its plan, each once: the table, and the guard against what was seen before."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lendstream.errors import Refused
from lendstream.events.loan import (
    AmountWaived,
    HardshipRequested,
    LateFeeCharged,
    LoanCancelled,
    LoanChargedOff,
    LoanClosed,
    LoanEvent,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    RefundRequested,
    WaiverUndone,
)
from lendstream.events.notification import NotificationSkipped
from lendstream_notifications.domain import notices, reminders
from lendstream_notifications.domain.message import Occasion
from lendstream_notifications.domain.plan import Plan, Planned
from lendstream_notifications.domain.rules import Rules

Rule = Callable[..., Planned]

ANSWERS: Mapping[type[LoanEvent], tuple[Rule, ...]] = {
    PaymentRequested: (reminders.expect_collection,),
    PaymentApplied: (reminders.pay,),
    PaymentReallocated: (reminders.reallocate,),
    PaymentUndone: (notices.bounced, reminders.take_back),
    LateFeeCharged: (notices.late_fee,),
    LoanRescheduled: (notices.relief, reminders.reschedule),
    AmountWaived: (reminders.pay,),
    WaiverUndone: (reminders.take_back,),
    HardshipRequested: (notices.hardship,),
    LoanChargedOff: (reminders.give_up,),
    RefundRequested: (notices.refund,),
    LoanClosed: (reminders.end, notices.closed),
    LoanCancelled: (reminders.end,),
    LoanReopened: (reminders.reopen,),
}
"""The rules that answer an event, in order. LoanOpened makes the plan; an event that is not here changes none."""


def follow(plan: Plan | None, event: Any, occasion: Occasion, *, rules: Rules) -> Planned:
    """The plan after one of the loan's events, and what is not to be sent; nothing changes if it was seen before.

    Raises:
        Refused: the loan is not known.
    """
    if plan is None:
        raise Refused(
            "unknown_loan",
            f"The loan {event.loan_id} was never opened here.",
            field="loan_id",
            fix="Publish its LoanOpened first.",
        )
    if event.sequence <= plan.sequence:
        return plan, ()
    plan = replace(plan, sequence=event.sequence)
    events: tuple[NotificationSkipped, ...] = ()
    for rule in ANSWERS[type(event)]:
        plan, more = rule(plan, event, occasion, rules=rules)
        events += more
    return plan, events
