"""Direct debits, refunds and bounces: each order answered once, by the borrower's script and the seed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lendstream.envelope import Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayStarted
from lendstream.events.loan import DisbursementRequested, PaymentApplied, PaymentRequested, RefundRequested
from lendstream.events.payment import (
    DisbursementConfirmed,
    FailureReason,
    PaymentFailed,
    PaymentReceived,
    PaymentReversed,
    RefundConfirmed,
)
from lendstream_simulator import bank, debits
from lendstream_simulator.actor import Actor, opened
from lendstream_simulator.bank import Bank
from lendstream_simulator.bounces import Bounces, bounces_after
from lendstream_simulator.debits import Conduct, DirectDebits, conduct
from lendstream_simulator.refunds import Refunds
from lendstream_simulator.scripts import Habit, Means, Script, script

DAY = date(2026, 4, 2)
SEED = 7


def record(event: Event) -> Record:
    return encode(event, id=str(uuid4()), source="test", time=datetime.now(UTC))


def begun(day: date) -> Record:
    return record(BusinessDayStarted(lender="lendstream", day=day))


def tell(actor: Actor, *records: Record) -> list[Event]:
    """Show the records, and read what is due then."""
    for each in records:
        actor.see(each, opened(each))
    return [told.data for told in map(opened, actor.due()) if told is not None]


def loan_of(fits: Callable[[Script], bool]) -> UUID:
    return next(each for each in (uuid4() for _ in range(9000)) if fits(script(SEED, each)))


def order(loan_id: UUID, how: Conduct = Conduct.PROMPT, attempt: int = 1, collect_on: date = DAY) -> PaymentRequested:
    def orders() -> Iterator[PaymentRequested]:
        while True:
            yield PaymentRequested(
                loan_id=loan_id, customer_id=uuid4(), sequence=4, request_id=uuid4(), instalments=(1,), amount=105_000,
                currency="CNY", debit_account="acct_1", due_date=DAY, collect_on=collect_on, attempt=attempt,
            )  # fmt: skip

    return next(each for each in orders() if conduct(SEED, each) is how)


BY_DEBIT = loan_of(lambda each: each.means is Means.DEBIT and each.habit is Habit.ON_TIME)
LATE = loan_of(lambda each: each.means is Means.DEBIT and each.habit is Habit.LATE)
NEVER = loan_of(lambda each: each.means is Means.DEBIT and each.habit is Habit.NEVER)
BY_TRANSFER = loan_of(lambda each: each.means is Means.TRANSFER)


def test_a_debit_order_is_answered_with_its_money() -> None:
    asked = order(BY_DEBIT)
    (paid,) = tell(DirectDebits(SEED), begun(DAY), record(asked))
    assert isinstance(paid, PaymentReceived)
    assert (paid.request_id, paid.amount, paid.channel) == (asked.request_id, asked.amount, "direct-debit")
    assert (paid.loan_id, paid.value_date) == (BY_DEBIT, DAY)


def test_a_debit_order_is_answered_once_by_a_bank_that_starts_again() -> None:
    asked = record(order(BY_DEBIT))
    first = DirectDebits(SEED)
    first.see(asked, opened(asked))
    said = first.due()
    assert first.due() == []
    assert tell(first, asked) == []
    assert tell(DirectDebits(SEED), asked, *said) == []
    assert tell(DirectDebits(SEED), *said, asked) == []
    again = DirectDebits(SEED)
    again.see(asked, opened(asked))
    assert [(each.value, each.header("ce_id")) for each in again.due()] == [
        (each.value, each.header("ce_id")) for each in said
    ]


def test_a_debit_is_told_twice_as_one_payment() -> None:
    first, second = tell(DirectDebits(SEED), begun(DAY), record(order(BY_DEBIT, Conduct.REPEATS)))
    assert first == second


def test_a_debit_waits_for_its_day_and_sometimes_for_one_more() -> None:
    later = DAY + timedelta(days=1)
    waiting = DirectDebits(SEED)
    assert tell(waiting, begun(DAY), record(order(BY_DEBIT, collect_on=later))) == []
    assert len(tell(waiting, begun(later))) == 1
    slow = DirectDebits(SEED)
    assert tell(slow, begun(DAY), record(order(BY_DEBIT, Conduct.NEXT_DAY))) == []
    (paid,) = tell(slow, begun(later))
    assert isinstance(paid, PaymentReceived)
    assert paid.value_date == later


def test_there_is_no_money_until_payday() -> None:
    payday = DAY + timedelta(days=script(SEED, LATE).funds_after)
    (failed,) = tell(DirectDebits(SEED), begun(DAY), record(order(LATE)))
    assert isinstance(failed, PaymentFailed)
    assert failed.reason is FailureReason.INSUFFICIENT_FUNDS
    (paid,) = tell(DirectDebits(SEED), begun(payday), record(order(LATE, attempt=3, collect_on=payday)))
    assert isinstance(paid, PaymentReceived)


@pytest.mark.parametrize(
    ("loan_id", "how", "reasons"),
    [
        (BY_TRANSFER, Conduct.PROMPT, {FailureReason.NOT_AUTHORISED}),
        (NEVER, Conduct.PROMPT, {FailureReason.INSUFFICIENT_FUNDS, FailureReason.ACCOUNT_CLOSED}),
        (BY_DEBIT, Conduct.TECHNICAL, {FailureReason.TECHNICAL}),
        (BY_DEBIT, Conduct.LIMIT, {FailureReason.LIMIT_EXCEEDED}),
    ],
)
def test_a_debit_fails_for_a_reason(loan_id: UUID, how: Conduct, reasons: set[FailureReason]) -> None:
    asked = order(loan_id, how)
    (failed,) = tell(DirectDebits(SEED), begun(DAY), record(asked))
    assert isinstance(failed, PaymentFailed)
    assert failed.request_id == asked.request_id
    assert failed.reason in reasons


def test_a_second_attempt_never_fails_for_the_banks_own_reasons() -> None:
    attempts = [order(BY_DEBIT, how, attempt=2) for how in (Conduct.PROMPT, Conduct.REPEATS, Conduct.NEXT_DAY)]
    assert {conduct(SEED, each) for each in attempts} <= {Conduct.PROMPT, Conduct.REPEATS, Conduct.NEXT_DAY}
    assert debits.SHARES.keys() == set(Conduct)
    assert sum(debits.SHARES.values()) == pytest.approx(1)
    assert sum(bank.SHARES.values()) == pytest.approx(1)


def test_tranches_are_paid_like_the_first_payout() -> None:
    """And never refused for good: the account took the first."""
    for _ in range(300):
        asked = DisbursementRequested(
            loan_id=uuid4(), customer_id=uuid4(), sequence=9, disbursement_id=uuid4(), amount=250_000, currency="CNY",
            payout_account="shop_1", pay_on=DAY, attempt=1, part=1,
        )  # fmt: skip
        answered = tell(Bank(SEED), begun(DAY + timedelta(days=1)), record(asked))
        assert all(getattr(each, "retryable", True) for each in answered)
        if isinstance(answered[0], DisbursementConfirmed):
            assert (answered[0].disbursement_id, answered[0].amount) == (asked.disbursement_id, asked.amount)


def refund() -> RefundRequested:
    return RefundRequested(
        loan_id=uuid4(), customer_id=uuid4(), sequence=9, refund_id=uuid4(), amount=1_234, currency="CNY",
        refund_account="acct_1", requested_on=DAY,
    )  # fmt: skip


def test_refunds_are_carried_out_once_each() -> None:
    told = []
    for asked in (refund() for _ in range(60)):
        refunds = Refunds(SEED)
        at_once = tell(refunds, begun(DAY), record(asked))
        answers = at_once or tell(refunds, begun(DAY + timedelta(days=1)))
        assert {type(each) for each in answers} == {RefundConfirmed}
        assert all(each == answers[0] for each in answers)
        assert tell(refunds, record(asked)) == []
        told.append((bool(at_once), len(answers)))
    assert {prompt for prompt, _ in told} == {True, False}
    assert {count for _, count in told} == {1, 2}


def applied(channel: str = "bank-transfer") -> PaymentApplied:
    number = next(f"pay_{each}" for each in range(900) if bounces_after(SEED, f"pay_{each}") is not None)
    return PaymentApplied(
        loan_id=uuid4(), customer_id=uuid4(), sequence=5, payment_id=number, amount=1_000, currency="CNY",
        value_date=DAY, allocations=(), credit=1_000, principal_outstanding=0, total_outstanding=0, channel=channel,
    )  # fmt: skip


def test_a_payment_bounces_days_later_and_once() -> None:
    payment, bounces = applied(), Bounces(SEED)
    after = bounces_after(SEED, payment.payment_id)
    assert after is not None
    assert tell(bounces, begun(DAY), record(payment)) == []
    told = tell(bounces, begun(DAY + timedelta(days=after)))
    assert {type(each) for each in told} == {PaymentReversed}
    assert all(each == told[0] for each in told)
    assert tell(bounces, record(payment), begun(DAY + timedelta(days=30))) == []
    again = Bounces(SEED)
    assert tell(again, begun(DAY + timedelta(days=30)), record(told[0]), record(payment)) == []


def test_a_lender_that_tells_no_channel_is_sent_no_reversals() -> None:
    assert tell(Bounces(SEED), record(applied(channel="")), begun(DAY + timedelta(days=30))) == []
