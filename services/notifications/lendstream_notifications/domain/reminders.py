"""A loan's reminders: planned from its schedule, skipped when needless, planned again, queued when their day comes.

The rules of events are given news only (see `following`): an event seen before never comes here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    LoanCancelled,
    LoanChargedOff,
    LoanClosed,
    LoanOpened,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentRequested,
    PaymentUndone,
    ScheduledInstalment,
    WaiverUndone,
)
from lendstream.events.notification import SkipReason
from lendstream_notifications.domain.message import Occasion
from lendstream_notifications.domain.plan import Instalment, Plan, Planned, Reminder, message_of, skip_reminders
from lendstream_notifications.domain.rules import ReminderRule, Rules


def open_plan(plan: Plan | None, event: LoanOpened, occasion: Occasion, *, rules: Rules) -> Planned:
    """Plan every reminder of a new loan."""
    if plan is not None:
        return plan, ()
    plan = Plan(
        loan_id=event.loan_id,
        customer_id=event.customer_id,
        currency=event.currency,
        sequence=event.sequence,
        instalments=_schedule(event.instalments, {}),
        correlation_id=occasion.correlation_id,
        traceparent=occasion.traceparent,
    )
    return replace(plan, reminders=_by_day(_all(plan, rules))), ()


def pay(plan: Plan, event: PaymentApplied | AmountWaived, occasion: Occasion, *, rules: Rules) -> Planned:
    """Less is due: skip what is still planned about instalments that are settled now."""
    return _skip_unwanted(_allocated(plan, (), event.allocations), occasion, rules)


def take_back(plan: Plan, event: PaymentUndone | WaiverUndone, occasion: Occasion, *, rules: Rules) -> Planned:
    """More is due: what was settled and is not any more is reminded of again."""
    parts = event.previous if isinstance(event, PaymentUndone) else event.allocations
    return _plan_again(_allocated(plan, parts, ()), occasion, rules)


def reallocate(plan: Plan, event: PaymentReallocated, occasion: Occasion, *, rules: Rules) -> Planned:
    """The money counts elsewhere: less is due of some instalments, more of others."""
    plan, events = _skip_unwanted(_allocated(plan, event.previous, event.allocations), occasion, rules)
    plan, more = _plan_again(plan, occasion, rules)
    return plan, events + more


def reschedule(plan: Plan, event: LoanRescheduled, occasion: Occasion, *, rules: Rules) -> Planned:
    """Another schedule holds: reminders follow its dates, and those of other dates are skipped."""
    paid = {**plan.unplaced, **{each.number: each.paid for each in plan.instalments}}
    before = {each.number: each for each in plan.instalments}
    instalments = tuple(
        replace(each, collect_on=old.collect_on)
        if (old := before.get(each.number)) and old.due_date == each.due_date
        else each
        for each in _schedule(event.instalments, paid)
    )
    placed = {each.number for each in instalments}
    unplaced = {number: amount for number, amount in paid.items() if amount and number not in placed}
    plan = replace(plan, instalments=instalments, unplaced=unplaced)
    plan, events = _skip_unwanted(plan, occasion, rules)
    plan, more = _plan_again(plan, occasion, rules)
    return plan, events + more


def expect_collection(plan: Plan, event: PaymentRequested, occasion: Occasion, *, rules: Rules) -> Planned:
    """The money will be collected: the reminder of the day says so."""
    instalments = tuple(
        replace(each, collect_on=event.collect_on) if each.number in event.instalments else each
        for each in plan.instalments
    )
    return replace(plan, instalments=instalments), ()


def end(plan: Plan, event: LoanClosed | LoanCancelled, occasion: Occasion, *, rules: Rules) -> Planned:
    """The loan is over: skip whatever is still planned."""
    return _skip_unwanted(replace(plan, ended=True), occasion, rules)


def give_up(plan: Plan, event: LoanChargedOff, occasion: Occasion, *, rules: Rules) -> Planned:
    """The loan is charged off: skip whatever is still planned, for good."""
    return _skip_unwanted(replace(plan, charged_off=True), occasion, rules)


def reopen(plan: Plan, event: LoanReopened, occasion: Occasion, *, rules: Rules) -> Planned:
    """The loan is owed again: what is unpaid is reminded of."""
    return _plan_again(replace(plan, ended=False), occasion, rules)


def start_day(plan: Plan, day: date, occasion: Occasion, *, rules: Rules) -> Planned:
    """Queue the reminders whose day has come.

    Nobody is told twice on one day about the same instalment: where several have come due (days without business,
    a loan opened late), only the latest goes out. One that is too late to be worth sending is out of date.
    """
    come = [each for each in plan.reminders if each.on <= day]
    latest = {each.instalment: each for each in come}
    oldest = day - timedelta(days=rules.late_days)
    queued = tuple(each for each in come if latest[each.instalment] is each and each.on >= oldest)
    plan, skipped = skip_reminders(
        plan,
        lambda each: SkipReason.OUT_OF_DATE if each.on <= day and each not in queued else None,
        occasion,
        rules,
    )
    plan = replace(plan, reminders=tuple(each for each in plan.reminders if each not in queued))
    return _queue(plan, queued, day, occasion, rules), skipped


def _schedule(rows: Iterable[ScheduledInstalment], paid: Mapping[int, int]) -> tuple[Instalment, ...]:
    """The instalments of a schedule, with what is paid on their numbers. 0 is the down payment."""
    return tuple(
        Instalment(row.number, row.due_date, row.principal + row.interest + row.fee, paid.get(row.number, 0))
        for row in rows
        if row.number
    )


def _allocated(plan: Plan, before: Iterable[Allocation], after: Iterable[Allocation]) -> Plan:
    """The plan with the parts of a payment where they go now, instead of where they went before."""
    moved: Counter[int] = Counter()
    settled = set()
    for sign, parts in ((-1, before), (1, after)):
        for part in parts:
            moved[part.instalment] += sign * (part.fee + part.interest + part.principal)
            if part.settled and sign > 0:
                settled.add(part.instalment)

    def paid(each: Instalment) -> Instalment:
        if each.number not in moved:
            return each
        amount = each.paid + moved[each.number]
        if each.number in settled:  # servicing knows best, whatever the parts sum to
            amount = max(amount, each.charged)
        return replace(each, paid=amount, collect_on=each.collect_on if amount >= each.paid else None)

    placed = {each.number for each in plan.instalments}
    elsewhere = {number: plan.unplaced.get(number, 0) + part for number, part in moved.items() if number not in placed}
    return replace(
        plan,
        instalments=tuple(map(paid, plan.instalments)),
        unplaced={number: amount for number, amount in {**plan.unplaced, **elsewhere}.items() if amount},
    )


def _skip_unwanted(plan: Plan, occasion: Occasion, rules: Rules) -> Planned:
    why = {slot: plan.unwanted(*slot) for slot in {(each.instalment, each.due_date) for each in plan.reminders}}
    return skip_reminders(plan, lambda each: why[each.instalment, each.due_date], occasion, rules)


def _plan_again(plan: Plan, occasion: Occasion, rules: Rules) -> Planned:
    """Plan what is wanted and not planned, unless its day is over; what is meant for today is queued at once.

    Today's walk over the loans may have been here before. Nobody is told twice on one day about one instalment, so one
    that was told of today waits for its next reminder.
    """
    if plan.ended or plan.charged_off:
        return plan, ()
    today = occasion.business_date
    have = {each.slot for each in plan.reminders}
    told = set(plan.told if plan.told_on == today else ())
    told |= {each.instalment for each in plan.reminders if each.on <= today}  # they will be, when the walk comes
    fresh = [
        each
        for each in _all(plan, rules)
        if each.slot not in have and (each.on > today or (each.on == today and each.instalment not in told))
    ]
    plan = replace(plan, reminders=_by_day((*plan.reminders, *(each for each in fresh if each.on > today))))
    return _queue(plan, [each for each in fresh if each.on == today], today, occasion, rules), ()


def _all(plan: Plan, rules: Rules) -> Iterable[Reminder]:
    """Every reminder of every instalment that something is due of."""
    return (_reminder(rule, each, plan.sequence) for each in plan.instalments if each.due for rule in rules.reminders)


def _reminder(rule: ReminderRule, instalment: Instalment, planned_by: int) -> Reminder:
    on = instalment.due_date + timedelta(days=rule.days)
    return Reminder(instalment.number, rule.name, rule.kind, on, instalment.due_date, planned_by)


def _by_day(reminders: Iterable[Reminder]) -> tuple[Reminder, ...]:
    return tuple(sorted(reminders, key=lambda each: (each.on, each.instalment)))


def _queue(plan: Plan, reminders: Iterable[Reminder], day: date, occasion: Occasion, rules: Rules) -> Plan:
    queued = tuple(reminders)
    if not queued:
        return plan
    about = tuple(each.instalment for each in queued)
    if plan.told_on is None or plan.told_on < day:
        plan = replace(plan, told=about, told_on=day)
    elif plan.told_on == day:
        plan = replace(plan, told=(*plan.told, *about))
    messages = (message_of(plan, each, occasion, rules) for each in queued)
    return replace(plan, messages=(*plan.messages, *messages))
