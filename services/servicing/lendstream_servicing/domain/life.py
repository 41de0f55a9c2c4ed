"""One change of a loan: entries applied or taken back, then what follows from it, and the events that tell it."""

from collections.abc import Sequence
from datetime import date, timedelta

from lendstream.catalogue import InterestOn

from .delinquency import BUCKETS, bucket_of, days_past_due
from .loan import PAID_OUT, Entry, Kind, Loan, Policy, Status, Telling, replace
from .refunds import refunded
from .settling import renumbered
from .telling import told
from .tranches import to_order
from .walk import Rederive, Walk, derived

_DAY = timedelta(days=1)


def carried_on(loan: Loan, today: date, policy: Policy) -> tuple[Loan, list[Telling]]:
    """Apply what waits to be applied and counts by now; in suspense stays what the loan cannot take."""
    waiting = [entry for entry in loan.entries if _counts(entry, loan, today)]
    if not waiting:
        return scheduled(loan, policy), []
    walk = Walk(loan, policy)
    cause = ""
    waiting.sort(key=walk.effective)
    try:
        if loan.walked_to is not None and walk.effective(waiting[0]) < loan.walked_to:
            raise Rederive
        for entry in waiting:
            walk.apply(entry)
    except Rederive:
        if loan.walked_to is not None and walk.effective(waiting[0]) < loan.walked_to:
            cause = f"{waiting[0].kind.value} {waiting[0].id} of {waiting[0].value_date}"
        walk = derived(loan, policy, _in_force(loan, today))
    return concluded(loan, walk, today, policy, cause)


def corrected(
    loan: Loan, today: date, policy: Policy, cause: str, undone: Entry | None = None
) -> tuple[Loan, list[Telling]]:
    """Derive the loan anew: an entry of it was taken back (`undone`, as it is now), or its payouts came otherwise."""
    now = loan
    if undone is not None:
        now = replace(loan, entries=tuple(undone if each.id == undone.id else each for each in loan.entries))
    return concluded(now, derived(now, policy, _in_force(now, today)), today, policy, cause, loan)


def concluded(
    loan: Loan, walk: Walk, today: date, policy: Policy, cause: str = "", before: Loan | None = None
) -> tuple[Loan, list[Telling]]:
    """The loan after a walk: its entries, its bucket, its next day; and the events of all that since `before`."""
    before = before or loan
    try:
        walk.advance(today)
    except Rederive:
        walk = derived(loan, policy, _in_force(loan, today))
        walk.advance(today)
    after = walk.result(_entries(loan.entries, walk, today, rederived=bool(cause)))
    # A day that is caught up after a payment of a later one cures nothing: the loan is as late as that day found it.
    bucket = bucket_of(days_past_due(after, max(today, after.walked_to or today)))
    if bucket is not after.bucket:
        after = replace(after, bucket=bucket)
    tellings = told(before, after, walk.outcomes, today, cause)
    after, refund = refunded(after, today)
    return scheduled(after, policy), [*tellings, *refund]


def looked_at(loan: Loan, on: date, policy: Policy) -> Walk:
    """The loan as it is on a day, for questions: what is owed, what repaying everything takes. Nothing of it is kept.

    Interest by the day is worked out from the whole course, which a walk that starts in its midst does not have.
    """
    by_day = policy.product(loan).interest_on is InterestOn.OUTSTANDING
    walk = derived(loan, policy, _in_force(loan, on)) if by_day else Walk(loan, policy)
    walk.advance(on)
    return walk


def scheduled(loan: Loan, policy: Policy) -> Loan:
    """The loan with the next day on which something happens by itself."""
    following = next_action(loan, policy) if loan.status in PAID_OUT else None
    return loan if following == loan.next_action_on else replace(loan, next_action_on=following)


def next_action(loan: Loan, policy: Policy) -> date | None:
    """The earliest of: a due date, an instalment found overdue, a late fee, another bucket, charge-off, a debit order,
    a payout, money whose value date comes.
    """
    dates = [entry.value_date for entry in loan.entries if entry.applied_on is None and entry.undone_on is None]
    if loan.status is Status.ACTIVE:
        dates += _by_lateness(loan, policy)
        dates += [each.pay_on for each in to_order(loan)]
        if loan.debit.next_on is not None:
            dates.append(loan.debit.next_on)
    return min((each for each in dates if loan.aged_through is None or each > loan.aged_through), default=None)


def _by_lateness(loan: Loan, policy: Policy) -> list[date]:
    product = policy.product(loan)
    dates: list[date] = []
    oldest: date | None = None
    for row in loan.instalments:
        if loan.aged_through is None or row.due_date > loan.aged_through:
            dates.append(row.due_date)
            if row.overdue_on is None:
                if row.outstanding:
                    dates.append(row.due_date + _DAY)
                break
        if row.settled_on is not None or not row.outstanding:
            continue
        oldest = oldest or row.due_date
        dates.append(row.due_date + _DAY)
        if (product.late_fee or product.late_fee_rate) and not row.late_fee:
            dates.append(row.due_date + timedelta(days=product.grace_days + 1))
    if oldest is not None:
        dates += [oldest + timedelta(days=first_day) for first_day, _ in BUCKETS]
        charge_off = oldest + timedelta(days=product.charge_off_days)
        # a payment that bounced long after may leave a loan that should have been charged off on a day that is over
        dates.append(max(charge_off, loan.aged_through + _DAY) if loan.aged_through else charge_off)
        if product.interest_on is InterestOn.OUTSTANDING:  # a further instalment begins, whoever bears the last one
            dates.append(loan.instalments[-1].due_date + _DAY)
    return dates


def _counts(entry: Entry, loan: Loan, today: date) -> bool:
    return (
        entry.applied_on is None
        and entry.undone_on is None
        and loan.status in PAID_OUT
        and entry.currency == loan.contract.currency
        and entry.value_date <= today
    )


def _in_force(loan: Loan, today: date) -> list[Entry]:
    """What the loan is derived from: what was applied or counts by now, without what follows from it by itself."""
    return [
        entry
        for entry in loan.entries
        if entry.undone_on is None
        and (entry.applied_on is not None or _counts(entry, loan, today))
        and not follows_by_itself(entry)
    ]


def follows_by_itself(entry: Entry) -> bool:
    """A small balance is written off whenever the entries leave one: the waiver is a result, not a cause."""
    return entry.kind is Kind.WAIVER and entry.channel == "small_balance"


def _entries(before: Sequence[Entry], walk: Walk, today: date, *, rederived: bool) -> tuple[Entry, ...]:
    """The entries as they are now: in the order of arrival, those that followed by themselves last."""
    found = {outcome.entry.id: outcome.entry for outcome in walk.outcomes}
    entries = []
    for entry in before:
        now = found.pop(entry.id, None)
        if now is not None:
            now = now._replace(applied_on=entry.applied_on or today, undone_on=None)
            entries.append(entry if now == entry else now)
        elif rederived and follows_by_itself(entry) and entry.undone_on is None:
            entries.append(entry._replace(undone_on=today))
        elif walk.cut is not None and entry.undone_on is None:
            entries.append(renumbered(entry, walk.cut))
        else:
            entries.append(entry)
    return (*entries, *(entry._replace(applied_on=today) for entry in found.values()))
