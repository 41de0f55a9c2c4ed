"""Customers, bank and borrowers: what they publish because of what they read."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from lendstream.envelope import Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.intake import ApplicationSubmitted, ApplicationWithdrawn, OfferAccepted, OfferMade
from lendstream.events.loan import (
    Allocation,
    DisbursementRequested,
    LoanCancelled,
    LoanClosed,
    LoanDisbursed,
    LoanOpened,
    PaymentApplied,
    PaymentRequested,
    ScheduledInstalment,
)
from lendstream.events.payment import (
    DisbursementConfirmed,
    DisbursementFailed,
    FailureReason,
    PaymentFailed,
    PaymentIntent,
    PaymentReceived,
)
from lendstream_simulator.actor import Actor, opened
from lendstream_simulator.bank import Bank, Conduct, conduct
from lendstream_simulator.borrowers import Borrowers
from lendstream_simulator.partners import Answer, Partners, answer
from lendstream_simulator.scripts import Habit, Means, script
from unit.simulator.played import story

DAY = date(2026, 3, 2)
DUE = date(2026, 4, 2)
TOTAL = 105_000


def record(event: Event, partner: str | None = None) -> Record:
    return encode(event, id=str(uuid4()), source="test", time=datetime.now(UTC), partner=partner)


def tell(actor: Actor, *records: Record) -> list[Record]:
    """Show the records, and take what is due then."""
    for each in records:
        actor.see(each, opened(each))
    return actor.due()


def events(records: Iterable[Record]) -> list[Event]:
    found = [opened(each) for each in records]
    return [each.data for each in found if each is not None]


def order(loan_id: UUID | None = None, pay_on: date = DAY, attempt: int = 1) -> DisbursementRequested:
    return DisbursementRequested(
        loan_id=loan_id or uuid4(), customer_id=uuid4(), sequence=2, disbursement_id=uuid4(), amount=900_000,
        currency="CNY", payout_account="acct_1", pay_on=pay_on, attempt=attempt,
    )  # fmt: skip


def order_treated(how: Conduct) -> DisbursementRequested:
    return next(each for each in (order() for _ in range(3000)) if conduct(7, each) is how)


# the bank


def test_bank_pays_each_order_once() -> None:
    bank, asked = Bank(7), order_treated(Conduct.PROMPT)
    request = record(asked)
    answers = tell(bank, request, request)
    (confirmed,) = events(answers)
    assert isinstance(confirmed, DisbursementConfirmed)
    assert (confirmed.disbursement_id, confirmed.amount) == (asked.disbursement_id, asked.amount)
    assert tell(bank, request, *answers) == []


def test_bank_started_again_gives_the_same_answer() -> None:
    request = record(order_treated(Conduct.PROMPT))
    first, second = tell(Bank(7), request), tell(Bank(7), request)
    assert [(each.value, each.header("ce_id")) for each in first] == [
        (each.value, each.header("ce_id")) for each in second
    ]


def test_bank_started_again_does_not_repeat_what_it_said() -> None:
    request = record(order_treated(Conduct.PROMPT))
    said = tell(Bank(7), request)
    assert tell(Bank(7), request, *said) == []
    assert tell(Bank(7), *said, request) == []


def test_bank_repeats_itself_in_records_of_their_own() -> None:
    answers = tell(Bank(7), record(order_treated(Conduct.REPEATS)))
    assert len({each.header("ce_id") for each in answers}) == 2
    assert len({each.value for each in answers}) == 1


def test_bank_fails_and_pays_the_next_order() -> None:
    first = order_treated(Conduct.FAILS)
    bank = Bank(7)
    (failed,) = events(tell(bank, record(first)))
    assert isinstance(failed, DisbursementFailed)
    assert failed.retryable
    (answered, *_) = events(tell(bank, record(order(first.loan_id, attempt=2))))
    assert isinstance(answered, DisbursementConfirmed)


def test_bank_refuses_for_good() -> None:
    (failed,) = events(tell(Bank(7), record(order_treated(Conduct.REFUSES))))
    assert isinstance(failed, DisbursementFailed)
    assert not failed.retryable


def test_bank_pays_on_the_day_asked_for() -> None:
    bank = Bank(7)
    asked = next(
        each
        for each in (order(pay_on=DAY + timedelta(days=2)) for _ in range(100))
        if conduct(7, each) is Conduct.PROMPT
    )
    assert tell(bank, record(BusinessDayStarted(lender="lendstream", day=DAY)), record(asked)) == []
    assert bank.holds(asked.loan_id)
    (confirmed,) = events(tell(bank, record(BusinessDayStarted(lender="lendstream", day=asked.pay_on))))
    assert isinstance(confirmed, DisbursementConfirmed)
    assert confirmed.value_date == asked.pay_on
    assert not bank.holds(asked.loan_id)


def test_bank_sometimes_takes_a_day_longer() -> None:
    bank, asked = Bank(7), order_treated(Conduct.NEXT_DAY)
    assert tell(bank, record(BusinessDayStarted(lender="lendstream", day=DAY)), record(asked)) == []
    assert bank.holds(asked.loan_id)
    assert tell(bank, record(BusinessDayStarted(lender="lendstream", day=DAY + timedelta(days=1))))


def test_bank_forgets_orders_of_cancelled_loans() -> None:
    bank, asked = Bank(7), order_treated(Conduct.NEXT_DAY)
    cancelled = LoanCancelled(
        loan_id=asked.loan_id, customer_id=asked.customer_id, sequence=3, application_id=uuid4(), reason="late",
        cancelled_on=DAY,
    )  # fmt: skip
    tell(bank, record(BusinessDayStarted(lender="lendstream", day=DAY)), record(asked), record(cancelled))
    assert tell(bank, record(BusinessDayStarted(lender="lendstream", day=DAY + timedelta(days=9)))) == []


# the borrowers


def loan_of(habit: Habit, seed: int = 7, means: Means | None = None) -> LoanOpened:
    """A loan of two instalments, whose borrower has the habit, and pays by these means."""
    scripts = ((each, script(seed, each)) for each in (uuid4() for _ in range(9000)))
    loan_id = next(each for each, its in scripts if its.habit is habit and means in (None, its.means))
    instalments = tuple(
        ScheduledInstalment(number=number, due_date=due, principal=100_000, interest=5_000, fee=0)
        for number, due in ((1, DUE), (2, date(2026, 5, 2)))
    )
    return LoanOpened(
        loan_id=loan_id, customer_id=uuid4(), sequence=1, application_id=uuid4(), partner="phone-shop", reference="R1",
        product="cash-small", product_version=1, method="equal_instalment", principal=200_000, currency="CNY",
        annual_rate=Decimal("0.18"), upfront_fee=0, instalments=instalments, engine="1", opened_on=DAY,
        interest_from=DAY, submitted_at=datetime.now(UTC),
    )  # fmt: skip


class Account:
    """A borrower, and a servicing that applies what comes."""

    def __init__(self, habit: Habit, penalty: int = 0, *, means: Means | None = None, whole_life: bool = False) -> None:
        self.loan = loan_of(habit, means=means)
        self.script = script(7, self.loan.loan_id)
        self.borrowers = Borrowers(7)
        self.owed = {row.number: TOTAL for row in self.loan.instalments}
        self.penalty = penalty
        self.paid: list[tuple[date, int]] = []
        self.intents: list[PaymentIntent | None] = []
        self.astray: list[PaymentReceived] = []
        self.records: list[Record] = []
        self.sequence = 3
        disbursed = LoanDisbursed(
            loan_id=self.loan.loan_id, customer_id=self.loan.customer_id, sequence=3, disbursement_id=uuid4(),
            amount=200_000, currency="CNY", disbursed_on=DAY, bank_reference="BK1",
            principal=200_000 if whole_life else 0,
        )  # fmt: skip
        self.show(record(self.loan), record(disbursed))

    def show(self, *records: Record) -> list[Record]:
        self.records += records
        return tell(self.borrowers, *records)

    def until(self, last: date) -> "Account":
        """Let the days pass."""
        day = DAY
        while day <= last:
            closed = BusinessDayClosed(
                lender="lendstream", day=day, currency="CNY", open_loans=1, principal_outstanding=1, overdue_loans=0,
                overdue_amount=0,
            )  # fmt: skip
            waiting = self.show(record(closed))
            while waiting:
                waiting = self.show(*waiting, *(record(each) for each in self._apply(waiting)))
            day += timedelta(days=1)
        return self

    def _apply(self, payments: list[Record]) -> Iterable[Event]:
        seen = set()
        for event in events(payments):
            assert isinstance(event, PaymentReceived)
            if event.loan_id != self.loan.loan_id or event.payment_id in seen:
                continue
            seen.add(event.payment_id)
            if event.currency != "CNY":
                self.astray.append(event)
                continue
            self.paid.append((event.value_date, event.amount))
            self.intents.append(event.intent)
            yield self._allocated(event)

    def _allocated(self, event: PaymentReceived) -> PaymentApplied:
        self.sequence += 1
        penalty = min(self.penalty, event.amount) if event.value_date > DUE + timedelta(days=3) else 0
        self.penalty -= penalty
        left, parts = event.amount - penalty, list[Allocation]()
        for number, owed in self.owed.items():
            part = min(left, owed)
            if part or (penalty and not parts):
                self.owed[number] -= part
                left -= part
                parts.append(
                    Allocation(
                        instalment=number,
                        penalty=0 if parts else penalty,
                        principal=part,
                        settled=not self.owed[number],
                    )
                )
        rest = sum(self.owed.values())
        return PaymentApplied(
            loan_id=event.loan_id, customer_id=self.loan.customer_id, sequence=self.sequence,
            payment_id=event.payment_id, amount=event.amount, currency="CNY", value_date=event.value_date,
            allocations=tuple(parts), credit=left, principal_outstanding=rest, total_outstanding=rest,
        )  # fmt: skip


def test_borrower_on_time() -> None:
    account = Account(Habit.ON_TIME).until(date(2026, 5, 10))
    assert account.paid == [(DUE, TOTAL), (date(2026, 5, 2), TOTAL)]


def test_borrower_early() -> None:
    account = Account(Habit.EARLY).until(DUE)
    assert account.paid == [(DUE - timedelta(days=account.script.days), TOTAL)]


def test_borrower_late() -> None:
    account = Account(Habit.LATE).until(DUE + timedelta(days=25))
    assert account.paid == [(DUE + timedelta(days=account.script.days), TOTAL)]


def test_borrower_pays_on_what_a_penalty_left_open() -> None:
    account = Account(Habit.LATE, penalty=1_000)
    while account.script.days <= 3:
        account = Account(Habit.LATE, penalty=1_000)
    paid = account.until(DUE + timedelta(days=25)).paid
    late = DUE + timedelta(days=account.script.days)
    assert paid == [(late, TOTAL), (late + timedelta(days=1), 1_000)]


def test_borrower_in_parts() -> None:
    account = Account(Habit.PARTIAL).until(DUE + timedelta(days=25))
    assert account.paid == [(DUE, TOTAL // 2), (DUE + timedelta(days=account.script.days), TOTAL - TOTAL // 2)]


def test_borrower_twice() -> None:
    """The second payment is the next instalment's, so that nothing is left to pay on its day."""
    account = Account(Habit.TWICE).until(date(2026, 5, 10))
    assert account.paid == [(DUE, TOTAL), (DUE, TOTAL)]


def test_channel_repeats_a_payment_in_records_of_their_own() -> None:
    account = Account(Habit.REPEATED).until(DUE)
    payments = [
        each for each in account.records for event in events([each])
        if isinstance(event, PaymentReceived) and event.loan_id == account.loan.loan_id
    ]  # fmt: skip
    assert len({each.header("ce_id") for each in payments}) == 2
    assert len({each.value for each in payments}) == 1


def test_borrower_settles_everything_with_the_first() -> None:
    account = Account(Habit.SETTLES).until(date(2026, 5, 10))
    assert account.paid == [(DUE, 2 * TOTAL)]
    assert not any(account.owed.values())


def test_channel_tells_late_of_a_payment_in_time() -> None:
    account = Account(Habit.BACKDATED).until(DUE + timedelta(days=2))
    assert account.paid == []
    assert account.until(DUE + timedelta(days=5)).paid == [(DUE, TOTAL)]


def test_borrower_in_another_currency_first() -> None:
    account = Account(Habit.FOREIGN).until(DUE + timedelta(days=5))
    assert [(each.currency, each.amount, each.value_date) for each in account.astray] == [("USD", TOTAL, DUE)]
    assert account.paid == [(DUE + timedelta(days=1), TOTAL)]


@pytest.mark.parametrize(
    ("habit", "intent"),
    [
        (Habit.LOWERS, PaymentIntent.LOWER_INSTALMENT),
        (Habit.SHORTENS, PaymentIntent.FEWER_INSTALMENTS),
    ],
)
def test_borrower_repays_early_and_says_what_for(habit: Habit, intent: PaymentIntent) -> None:
    account = Account(habit, means=Means.TRANSFER, whole_life=True).until(DUE + timedelta(days=9))
    assert account.paid == [(DUE, TOTAL), (DUE + timedelta(days=5), 30_000)]
    assert account.intents == [None, intent]
    simple = Account(habit, means=Means.TRANSFER).until(DUE + timedelta(days=9))
    assert simple.paid == [(DUE, TOTAL)]


def test_borrower_returns_the_loan_while_it_cools_off() -> None:
    account = Account(Habit.RETURNS, whole_life=True).until(DAY + timedelta(days=20))
    assert account.paid == [(DAY + timedelta(days=3), 200_000)]
    assert account.intents == [PaymentIntent.RETURN]
    assert Account(Habit.RETURNS).until(DUE).paid == [(DUE, TOTAL)]


def requested(account: Account, day: date) -> PaymentRequested:
    return PaymentRequested(
        loan_id=account.loan.loan_id, customer_id=account.loan.customer_id, sequence=99, request_id=uuid4(),
        instalments=(1,), amount=TOTAL, currency="CNY", debit_account="acct_1", due_date=DUE, collect_on=day,
        attempt=1,
    )  # fmt: skip


def test_borrower_leaves_it_to_the_lender_to_collect() -> None:
    """And pays by transfer in the end, when that brings nothing; a lender that collects from nobody is paid in time."""
    account = Account(Habit.ON_TIME, means=Means.DEBIT, whole_life=True).until(DUE + timedelta(days=9))
    assert account.paid == []
    late = DUE + timedelta(days=10)
    assert account.until(late).paid == [(late, TOTAL)]
    assert Account(Habit.ON_TIME, means=Means.DEBIT).until(DUE).paid == [(DUE, TOTAL)]


def test_nobody_pays_by_transfer_while_a_debit_order_is_open() -> None:
    account = Account(Habit.LATE, means=Means.DEBIT, whole_life=True).until(DUE)
    order = requested(account, DUE)
    account.show(record(order))
    late = DUE + timedelta(days=40)
    assert account.until(late).paid == []
    failed = PaymentFailed(
        request_id=order.request_id, loan_id=order.loan_id, reason=FailureReason.INSUFFICIENT_FUNDS, failed_on=late
    )
    (paid,) = events(account.show(record(failed)))
    assert isinstance(paid, PaymentReceived)
    assert paid.amount == TOTAL


def test_borrower_never() -> None:
    assert Account(Habit.NEVER).until(date(2026, 5, 10)).paid == []


def test_nobody_pays_before_the_money_came_or_after_the_end() -> None:
    loan = loan_of(Habit.ON_TIME)
    closed = BusinessDayClosed(
        lender="lendstream", day=DUE, currency="CNY", open_loans=1, principal_outstanding=1, overdue_loans=0,
        overdue_amount=0,
    )  # fmt: skip
    ended = LoanClosed(
        loan_id=loan.loan_id, customer_id=loan.customer_id, sequence=2, closed_on=DUE, credit=0, currency="CNY"
    )
    for records in ([record(loan), record(closed)], [record(loan), record(ended), record(closed)]):
        paid = [each for each in events(tell(Borrowers(7), *records)) if getattr(each, "loan_id", 0) == loan.loan_id]
        assert paid == []


def test_borrowers_started_again_pay_nothing_twice() -> None:
    account = Account(Habit.ON_TIME).until(DUE)
    again = tell(Borrowers(7), *account.records)
    assert [each for each in events(again) if getattr(each, "loan_id", 0) == account.loan.loan_id] == []
    backwards = tell(Borrowers(7), *reversed(account.records))
    assert [each for each in events(backwards) if getattr(each, "loan_id", 0) == account.loan.loan_id] == []


def test_days_that_were_skipped_are_made_up_for() -> None:
    loan = loan_of(Habit.ON_TIME)
    disbursed = LoanDisbursed(
        loan_id=loan.loan_id, customer_id=loan.customer_id, sequence=3, disbursement_id=uuid4(), amount=200_000,
        currency="CNY", disbursed_on=DAY, bank_reference="BK1",
    )  # fmt: skip
    closed = BusinessDayClosed(
        lender="lendstream", day=DUE + timedelta(days=5), currency="CNY", open_loans=1, principal_outstanding=1,
        overdue_loans=0, overdue_amount=0,
    )  # fmt: skip
    (paid,) = [
        each for each in events(tell(Borrowers(7), record(loan), record(disbursed), record(closed)))
        if isinstance(each, PaymentReceived) and each.loan_id == loan.loan_id
    ]  # fmt: skip
    assert (paid.value_date, paid.amount) == (DUE + timedelta(days=5), TOTAL)


def test_some_payments_are_for_loans_that_nobody_knows() -> None:
    known = {each.loan_id for each in story().progress.loans.values()}
    strays = [
        each for each in events(story().records) if isinstance(each, PaymentReceived) and each.loan_id not in known
    ]
    assert strays
    assert len({each.payment_id for each in strays}) == len(strays)


# the customers behind the applications


def said(kind: Answer) -> list[type[Event]]:
    """What the customer says to the story's first application (or offer, where one is waited for) of that answer."""
    envelopes = [each for each in map(opened, story().records) if each is not None]
    asked = ApplicationSubmitted if kind is Answer.WITHDRAWS_AT_ONCE else OfferMade
    reference = next(
        each.data.reference
        for each in envelopes
        if isinstance(each.data, asked) and answer(7, each.parameter or "", each.data.reference) is kind
    )
    return [
        type(each.data)
        for each in envelopes
        if isinstance(each.data, OfferAccepted | ApplicationWithdrawn) and each.data.reference == reference
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Answer.ACCEPTS, [OfferAccepted]),
        (Answer.ACCEPTS_TWICE, [OfferAccepted, OfferAccepted]),
        (Answer.IGNORES, []),
        (Answer.WITHDRAWS, [ApplicationWithdrawn]),
        (Answer.WITHDRAWS_AT_ONCE, [ApplicationWithdrawn]),
    ],
)
def test_customers_answer_by_script(kind: Answer, expected: list[type[Event]]) -> None:
    assert said(kind) == expected


def test_partners_started_again_say_nothing_twice() -> None:
    play = story()
    partners = Partners(7, ("phone-shop", "training-school", "neighbourhood-aid"))
    assert tell(partners, *play.records) == []
    half = len(play.records) // 2
    partners = Partners(7, ("phone-shop", "training-school", "neighbourhood-aid"))
    rest = Counter(each.header("ce_id") for each in tell(partners, *play.records[:half]))
    published = {each.header("ce_id") for each in play.records}
    assert set(rest) <= published


def test_partners_leave_others_applications_alone() -> None:
    assert tell(Partners(7, ("somebody-else",)), *story().records) == []


def test_everybody_goes_on_with_the_story_of_what_they_answer() -> None:
    envelopes = [each for each in map(opened, story().records) if each is not None]
    told = {each.id: each for each in envelopes}
    answers = [
        each for each in envelopes if isinstance(each.data, OfferAccepted | DisbursementConfirmed | PaymentReceived)
    ]
    followed = [each for each in answers if each.causation_id is not None]
    assert {type(each.data) for each in followed} == {OfferAccepted, DisbursementConfirmed, PaymentReceived}
    for each in followed:
        cause = told[each.causation_id or ""]
        assert (each.correlation_id, each.traceparent) == (cause.correlation_id, cause.traceparent)
