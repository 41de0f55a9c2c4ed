"""What to publish about a change of a loan: the difference between the loan before and after it.

Whatever caused the change, a payment, a bounce, a business day, a correction of the past, its events are found here,
so that they always add up to the loan's state.
"""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from lendstream.events.loan import (
    AmountWaived,
    ClosingReason,
    DelinquencyChanged,
    InstalmentOverdue,
    LateFeeCharged,
    LateFeeReversed,
    LoanChargedOff,
    LoanClosed,
    LoanReopened,
    LoanRescheduled,
    PaymentApplied,
    PaymentReallocated,
    PaymentUndone,
    RefundPaid,
    RescheduleReason,
    WaiverReason,
    WaiverUndone,
)

from .delinquency import classification_of, days_past_due
from .loan import Entry, Instalment, Kind, Loan, Status, Telling
from .walk import Outcome

_RESCHEDULED_BY = {
    Kind.PAYMENT: RescheduleReason.PREPAYMENT,
    Kind.RELIEF: RescheduleReason.RESTRUCTURE,
    Kind.DRAW: RescheduleReason.DRAW,
    Kind.TRANCHE: RescheduleReason.TRANCHE,
    Kind.CHARGE_OFF: RescheduleReason.ACCELERATION,
}


def told(before: Loan, after: Loan, outcomes: list[Outcome], today: date, cause: str = "") -> list[Telling]:
    """The events of a change, in the order in which a reader may fold them.

    cause: what made the past another, if something did.
    """
    if before.entries is after.entries and before.instalments is after.instalments:
        return [*_moved(before, after, today)]
    known = {entry.id: entry for entry in before.entries}
    fresh = [each for each in outcomes if _is_news(known.get(each.entry.id))]
    if fresh and fresh != outcomes[-len(fresh) :]:  # found later than what came after it: what is owed is owed now
        owed = after.principal_outstanding, after.total_outstanding
        fresh = [Outcome(each.entry, *owed) for each in fresh]
    return [
        *_taken_back(known, after, today),
        *_charges(before, after, today),
        *_reallocated(known, after, cause),
        *(telling for each in fresh for telling in _applied(each, after)),
        *_rescheduled(before, after, fresh, today, cause),
        *_moved(before, after, today),
    ]


def _is_news(known: Entry | None) -> bool:
    return known is None or known.applied_on is None or known.undone_on is not None


def _taken_back(known: dict[str, Entry], after: Loan, today: date) -> Iterator[Telling]:
    for entry in after.entries:
        before = known.get(entry.id)
        if entry.undone_on is None or before is None or before.undone_on is not None or before.applied_on is None:
            continue
        if entry.kind is Kind.PAYMENT:
            yield partial(
                PaymentUndone,
                payment_id=entry.id,
                amount=entry.amount,
                currency=entry.currency,
                value_date=entry.value_date,
                reason=entry.reason,
                undone_on=today,
                previous=_parts(before),
                previous_fee=before.fee,
                previous_credit=before.unallocated,
                recovery=before.recovery,
                principal_outstanding=after.principal_outstanding,
                total_outstanding=after.total_outstanding,
            )
        elif before.parts and entry.kind in (Kind.WAIVER, Kind.RELIEF):
            yield _waiver_undone(before, today)


def _waiver_undone(entry: Entry, today: date) -> Telling:
    return partial(
        WaiverUndone,
        waiver_id=UUID(entry.id),
        reason=_waiver_reason(entry),
        currency=entry.currency,
        undone_on=today,
        allocations=_parts(entry),
    )


def _charges(before: Loan, after: Loan, today: date) -> Iterator[Telling]:
    """Instalments found overdue, late fees charged, and late fees that had no ground."""
    if before.instalments is after.instalments:
        return
    currency = after.contract.currency
    earlier = {row.number: row for row in before.instalments}
    left = {row.number for row in after.instalments}
    for row in before.instalments:
        if row.late_fee and row.number not in left:
            fee = row.late_fee
            yield partial(LateFeeReversed, instalment=row.number, amount=fee, currency=currency, as_of=today)
    for row in after.instalments:
        was = earlier.get(row.number)
        if was is row:
            continue
        if row.overdue_on is not None and (was is None or was.overdue_on is None):
            unpaid = was.outstanding if was is not None and was.outstanding else row.principal + row.interest + row.fee
            if unpaid > 0:
                yield partial(
                    InstalmentOverdue,
                    instalment=row.number,
                    due_date=row.due_date,
                    amount=unpaid,
                    currency=currency,
                    as_of=row.overdue_on,
                )
        fee = row.late_fee - (was.late_fee if was is not None else 0)
        if fee:
            kind = LateFeeCharged if fee > 0 else LateFeeReversed
            as_of = (row.penalty_to or today) if fee > 0 else today
            yield partial(kind, instalment=row.number, amount=abs(fee), currency=currency, as_of=as_of)


def _reallocated(known: dict[str, Entry], after: Loan, cause: str) -> Iterator[Telling]:
    """Payments of before that count differently now; waivers too."""
    for entry in after.entries:
        was = known.get(entry.id)
        if was is None or was is entry or was.applied_on is None or entry.undone_on is not None:
            continue
        if was.undone_on is not None or (was.parts, was.fee, was.unallocated, was.recovery) == (
            entry.parts,
            entry.fee,
            entry.unallocated,
            entry.recovery,
        ):
            continue
        if entry.kind is Kind.PAYMENT:
            yield partial(
                PaymentReallocated,
                payment_id=entry.id,
                amount=entry.amount,
                currency=entry.currency,
                value_date=entry.value_date,
                cause=cause[:200] or "another schedule",
                previous=_parts(was),
                previous_fee=was.fee,
                previous_credit=was.unallocated,
                allocations=_parts(entry),
                fee=entry.fee,
                credit=entry.unallocated,
                recovery=entry.recovery,
            )
        elif entry.kind in (Kind.WAIVER, Kind.RELIEF) and was.parts != entry.parts:
            if was.parts:
                yield _waiver_undone(was, entry.applied_on or entry.value_date)
            if entry.parts:
                yield _waived(entry, after.principal_outstanding, after.total_outstanding)
        elif entry.kind is Kind.CHARGE_OFF:
            yield from _charged_off(entry, after, was)


def _applied(outcome: Outcome, after: Loan) -> Iterator[Telling]:
    """An entry that was applied for the first time."""
    entry, principal, total, _ = outcome
    if entry.kind is Kind.PAYMENT:
        yield partial(
            PaymentApplied,
            payment_id=entry.id,
            amount=entry.amount,
            currency=entry.currency,
            value_date=entry.value_date,
            allocations=_parts(entry),
            credit=entry.unallocated,
            principal_outstanding=principal,
            total_outstanding=total,
            fee=entry.fee,
            recovery=entry.recovery,
            intent=entry.intent,
            channel=entry.channel,
        )
    elif entry.kind in (Kind.WAIVER, Kind.RELIEF):
        if entry.parts:
            yield _waived(entry, principal, total)
    elif entry.kind is Kind.CHARGE_OFF:
        yield from _charged_off(entry, after)
    elif entry.kind is Kind.REFUND:
        yield partial(
            RefundPaid,
            refund_id=UUID(entry.id),
            amount=entry.amount,
            currency=entry.currency,
            paid_on=entry.value_date,
            bank_reference=entry.reason,
        )


def _waived(entry: Entry, principal: int, total: int) -> Telling:
    return partial(
        AmountWaived,
        waiver_id=UUID(entry.id),
        reason=_waiver_reason(entry),
        currency=entry.currency,
        waived_on=entry.value_date,
        allocations=_parts(entry),
        principal_outstanding=principal,
        total_outstanding=total,
    )


def _waiver_reason(entry: Entry) -> WaiverReason:
    return WaiverReason.HARDSHIP if entry.kind is Kind.RELIEF else WaiverReason(entry.channel)


def _charged_off(entry: Entry, after: Loan, was: Entry | None = None) -> Iterator[Telling]:
    """What is given up; of a charge-off known before, what is given up more since."""
    given, before = entry.parts[0], was.parts[0] if was and was.parts else None
    amounts = {
        name: max(getattr(given, name) - (getattr(before, name) if before else 0), 0)
        for name in ("principal", "interest", "fee", "penalty")
    }
    if any(amounts.values()):
        yield partial(
            LoanChargedOff,
            **amounts,
            currency=entry.currency,
            days_past_due=days_past_due(after, entry.value_date),
            charged_off_on=entry.value_date,
            reason=entry.reason,
        )


def _rescheduled(before: Loan, after: Loan, fresh: list[Outcome], today: date, cause: str) -> Iterator[Telling]:
    if before.instalments is after.instalments:
        return
    if [row[:6] for row in before.instalments] == [row[:6] for row in after.instalments]:
        return
    last = fresh[-1].entry if fresh else None
    reason = _RESCHEDULED_BY.get(last.kind, RescheduleReason.CORRECTION) if last else RescheduleReason.CORRECTION
    if fresh[-1].recalculated if fresh else not cause:
        reason = RescheduleReason.RECALCULATION
    if _relief_undone(before, after):
        reason = RescheduleReason.RESTRUCTURE_UNDONE
    elif cause.startswith(Kind.TRANCHE.value):
        reason = RescheduleReason.TRANCHE
    elif cause:
        reason = RescheduleReason.CORRECTION
    interest, fee, penalty = _capitalised(after, before)
    yield partial(
        LoanRescheduled,
        reason=reason,
        effective_on=last.value_date if last else today,
        detail=cause[:200],
        instalments=tuple(map(scheduled, after.instalments)),
        annual_rate=after.annual_rate,
        currency=after.contract.currency,
        engine=after.contract.engine,
        principal_outstanding=after.principal_outstanding,
        total_outstanding=after.total_outstanding,
        capitalised_interest=interest,
        capitalised_fee=fee,
        capitalised_penalty=penalty,
    )


def _relief_undone(before: Loan, after: Loan) -> bool:
    held = {entry.id for entry in before.entries if entry.kind is Kind.RELIEF and entry.undone_on is None}
    return any(entry.id in held and entry.undone_on is not None for entry in after.entries)


def _capitalised(after: Loan, before: Loan) -> tuple[int, int, int]:
    """What became principal by this change: of all relief in force now, less that in force before."""

    def sums(loan: Loan) -> list[int]:
        held = [entry.capitalised for entry in loan.entries if entry.kind is Kind.RELIEF and entry.undone_on is None]
        return [sum(column) for column in zip(*held, strict=True)] if held else [0, 0, 0]

    interest, fee, penalty = (now - then for now, then in zip(sums(after), sums(before), strict=True))
    return interest, fee, penalty


def scheduled(row: Instalment) -> Any:
    """As the contract tells it: the fields of a ScheduledInstalment, checked with the event they become part of."""
    number, due_date, principal, interest, fee, subsidy, *_ = row
    return {
        "number": number,
        "due_date": due_date,
        "principal": principal,
        "interest": interest,
        "fee": fee,
        "subsidy": subsidy,
    }


def _moved(before: Loan, after: Loan, today: date) -> Iterator[Telling]:
    """Another bucket; closed or owed again."""
    currency = after.contract.currency
    if before.status is Status.CLOSED and after.status is not Status.CLOSED:
        yield partial(LoanReopened, reopened_on=today, total_outstanding=after.total_outstanding, currency=currency)
    if before.bucket is not after.bucket:
        late = days_past_due(after, today)
        yield partial(
            DelinquencyChanged,
            previous=before.bucket,
            bucket=after.bucket,
            days_past_due=late,
            overdue_amount=after.overdue_amount,
            currency=currency,
            as_of=today,
            classification=classification_of(late),
        )
    if after.status is Status.CLOSED and before.status is not Status.CLOSED:
        yield partial(
            LoanClosed,
            closed_on=after.ended_on or today,
            credit=after.credit,
            currency=currency,
            reason=after.ending or ClosingReason.REPAID,
        )


def _parts(entry: Entry) -> tuple[Any, ...]:
    return tuple([part.told() for part in entry.parts])
