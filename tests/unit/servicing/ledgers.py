"""Events with money in them, and books, for the tests of the ledger."""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from lendstream.events.loan import (
    Allocation,
    AmountWaived,
    Bucket,
    LoanChargedOff,
    LoanClosed,
    LoanDisbursed,
    LoanEvent,
    LoanRescheduled,
    OpeningFee,
    Payer,
    PaymentApplied,
    PaymentReallocated,
    PaymentUndone,
    RefundPaid,
    RescheduleReason,
    WaiverReason,
    WaiverUndone,
)
from lendstream_servicing.domain.books import Facts
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.ledger import chart
from unit.servicing import loans

DAY = date(2026, 3, 2)
ACCOUNTS = chart().numbers
SOME_ID = UUID("5e0c6f3c-7a53-5f7e-8f52-bb6a0c3b1a01")
E = TypeVar("E", bound=LoanEvent)

# What any event may need; each takes what it knows.
_USUAL: dict[str, Any] = {
    "loan_id": loans.LOAN,
    "customer_id": loans.CUSTOMER,
    "sequence": 7,
    "currency": "CNY",
    "value_date": DAY,
    "disbursed_on": DAY,
    "undone_on": DAY,
    "waived_on": DAY,
    "charged_off_on": DAY,
    "effective_on": DAY,
    "paid_on": DAY,
    "closed_on": DAY,
    "as_of": DAY,
    "payment_id": "pay_1",
    "disbursement_id": SOME_ID,
    "waiver_id": SOME_ID,
    "refund_id": SOME_ID,
    "bank_reference": "BANK-1",
    "cause": "payment pay_0 of 2026-03-01",
    "credit": 0,
    "amount": 100,
    "instalment": 1,
    "instalments": (),
    "annual_rate": loans.RATE,
    "engine": "1",
    "days_past_due": 181,
    "overdue_amount": 0,
    "previous": Bucket.CURRENT,
    "bucket": Bucket.M1,
    "principal_outstanding": 0,
    "total_outstanding": 0,
}
_REASONS: dict[type[LoanEvent], Any] = {
    AmountWaived: WaiverReason.GOODWILL,
    WaiverUndone: WaiverReason.GOODWILL,
    LoanRescheduled: RescheduleReason.PREPAYMENT,
    PaymentUndone: "returned",
    LoanChargedOff: "age",
}


def event(kind: type[E], **changes: Any) -> E:
    """An event of the kind; what is not said is usual."""
    fields = {name: value for name, value in _USUAL.items() if name in kind.model_fields}
    if kind in _REASONS:
        fields["reason"] = _REASONS[kind]
    return kind(**{**fields, **changes})


_MONEY = st.one_of(st.just(0), st.integers(0, 10**10))
_ALLOCATION = st.builds(
    Allocation,
    instalment=st.integers(0, 480),
    fee=_MONEY,
    penalty=_MONEY,
    interest=_MONEY,
    principal=_MONEY,
    settled=st.booleans(),
)
_SPLIT = st.tuples(st.lists(_ALLOCATION, max_size=4).map(tuple), _MONEY, _MONEY)
Split = tuple[tuple[Allocation, ...], int, int]


def _total(split: Split) -> int:
    allocations, fee, credit = split
    return sum(each.fee + each.penalty + each.interest + each.principal for each in allocations) + fee + credit


@st.composite
def payments(draw: Any) -> tuple[PaymentApplied, PaymentReallocated, PaymentUndone]:
    """A payment that is applied, then counts differently, then bounces."""
    before: Split = draw(_SPLIT.filter(lambda split: _total(split) > 0))
    amount, recovery = _total(before), draw(st.booleans())
    now: Split = draw(_SPLIT.filter(lambda split: _total(split) <= amount))
    now = (now[0], now[1], now[2] + amount - _total(now))
    same: dict[str, Any] = {"amount": amount, "recovery": recovery}
    return (
        event(PaymentApplied, allocations=before[0], fee=before[1], credit=before[2], **same),
        event(
            PaymentReallocated,
            previous=before[0],
            previous_fee=before[1],
            previous_credit=before[2],
            allocations=now[0],
            fee=now[1],
            credit=now[2],
            **same,
        ),
        event(PaymentUndone, previous=now[0], previous_fee=now[1], previous_credit=now[2], **same),
    )


@st.composite
def _disbursements(draw: Any) -> tuple[LoanEvent, Facts]:
    amounts = draw(st.lists(st.integers(0, 10**9), max_size=3))
    payees = st.sampled_from(["lender", "insurer"])
    fees = tuple(OpeningFee(code="fee", payee=draw(payees), amount=each) for each in amounts)
    amount = draw(st.integers(1, 10**11))
    subsidies = tuple(Payer(payer="merchant", amount=each) for each in draw(st.lists(_MONEY, max_size=2)))
    part = draw(st.integers(0, 2))
    principal = amount + (0 if part else sum(amounts))
    disbursed = event(LoanDisbursed, amount=amount, principal=principal, part=part)
    return disbursed, Facts(opening_fees=fees, subsidies=subsidies)


@st.composite
def postings(draw: Any) -> tuple[LoanEvent, Facts]:
    """Any event that moves money, and what the rules must know of its loan."""
    if draw(st.integers(0, 3)) == 0:
        return draw(_disbursements())  # type: ignore[no-any-return]
    allocations = draw(st.lists(_ALLOCATION, max_size=4).map(tuple))
    capitalised = {f"capitalised_{part}": draw(_MONEY) for part in ("interest", "fee", "penalty")}
    owed = {part: draw(_MONEY) for part in ("principal", "interest", "fee", "penalty")}
    chosen = draw(
        st.sampled_from(
            [
                *draw(payments()),
                event(AmountWaived, allocations=allocations),
                event(WaiverUndone, allocations=allocations),
                event(LoanRescheduled, reason=draw(st.sampled_from(RescheduleReason)), **capitalised),
                event(LoanChargedOff, **owed),
                event(LoanClosed),
                event(RefundPaid, amount=draw(st.integers(1, 10**10))),
            ]
        )
    )
    suspended = frozenset({"pay_1"}) if draw(st.booleans()) else frozenset[str]()
    return chosen, Facts(suspended=suspended, charged_off=draw(st.booleans()), subsidy_cancelled=draw(_MONEY))


SIMPLE_LINES = ((Role.BANK, 100), (Role.LOAN_PRINCIPAL, -100))
"""A journal's smallest body."""
