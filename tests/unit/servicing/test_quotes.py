"""Quotes and previews are what then really happens; statements add up whatever they are cut into."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.catalogue import Due
from lendstream.errors import Refused
from lendstream.events.loan import ClosingReason
from lendstream.events.payment import PaymentIntent, PaymentReversed
from lendstream_servicing.domain import asked, operations, payments, quotes
from lendstream_servicing.domain.loan import Loan, Status
from lendstream_servicing.domain.relief import Arrears
from lendstream_servicing.domain.statement import CHARGES, Sort, statement, transactions
from unit.servicing import desks, loans
from unit.servicing.desks import RELIEF, ask

POLICY = loans.POLICY
TODAY = loans.TODAY


def paid(loan: Loan, amount: int, on: date, intent: PaymentIntent | None = None, number: str = "p") -> Loan:
    """The loan after money that came on that day."""
    aged = desks.aged(loan, on)
    money = loans.payment(amount, number, loan_id=loan.id, value_date=on, intent=intent)
    after, _ = payments.receive(aged, money, on, POLICY)
    assert isinstance(after, Loan)
    return after


@pytest.mark.parametrize("ahead", [0, 1, 17, 31, 40, 60])
@pytest.mark.parametrize("late", [0, 45])
def test_the_quote_of_a_day_closes_the_loan_on_that_day_and_a_cent_less_does_not(ahead: int, late: int) -> None:
    loan = loans.active()
    today = TODAY if not late else loan.instalments[0].due_date + timedelta(days=late)
    loan = desks.aged(loan, today)
    on = today + timedelta(days=ahead)
    quote = quotes.payoff(loan, on, today, POLICY)
    assert quote.amount == quote.overdue + quote.principal + quote.interest + quote.prepayment_fee
    closed = paid(loan, quote.amount, on, PaymentIntent.PAY_OFF)
    assert (closed.status, closed.credit, closed.total_outstanding) == (Status.CLOSED, 0, 0)
    if POLICY.product(loan).small_balance == 0:
        assert paid(loan, quote.amount - 1, on, PaymentIntent.PAY_OFF).status is Status.ACTIVE
    if ahead < 60:
        assert quotes.payoff(loan, on + timedelta(days=1), today, POLICY).amount == quote.amount + quote.next_day


def test_returning_within_the_days_of_cooling_off_is_quoted_as_long_as_it_is_possible() -> None:
    loan = loans.active()
    days = POLICY.product(loan).cooling_off_days
    last = quotes.payoff(loan, TODAY + timedelta(days=days), TODAY, POLICY)
    assert last.cooling_off == 600_000
    assert paid(loan, 600_000, last.on, PaymentIntent.RETURN).ending is ClosingReason.RETURNED
    assert quotes.payoff(loan, TODAY + timedelta(days=days + 1), TODAY, POLICY).cooling_off is None


def test_there_is_no_quote_for_the_past_the_far_future_or_what_is_not_owed() -> None:
    loan = loans.active()
    for on in (TODAY - timedelta(days=1), TODAY + timedelta(days=61)):
        with pytest.raises(Refused) as caught:
            quotes.payoff(loan, on, TODAY, POLICY)
        assert caught.value.code == "day_out_of_reach"
    for other, code in (
        (loans.opened(), "not_paid_out"),
        (paid(loan, 600_000, TODAY, PaymentIntent.PAY_OFF), "nothing_owed"),
    ):
        with pytest.raises(Refused) as caught:
            quotes.payoff(other, TODAY, TODAY, POLICY)
        assert caught.value.code == code


@pytest.mark.parametrize("intent", [None, PaymentIntent.LOWER_INSTALMENT, PaymentIntent.FEWER_INSTALMENTS])
def test_a_prepayment_does_what_its_preview_says(intent: PaymentIntent | None) -> None:
    loan = loans.active()
    on = TODAY + timedelta(days=40)
    loan = paid(loan, loan.instalments[0].outstanding, loan.instalments[0].due_date, number="first")
    loan = desks.aged(loan, on)
    preview = quotes.prepayment(loan, 300_000, intent, on, POLICY)
    after = paid(loan, 300_000, on, intent)
    assert preview.after.instalments == after.instalments
    assert preview.allocated + preview.fee + preview.credit == 300_000
    assert preview.interest_saved == preview.before.interest_to_come - preview.after.interest_to_come or intent is None
    assert preview.interest_saved >= 0
    if intent is not None:
        assert preview.interest_saved > 0
    assert loan == desks.aged(loan, on)


def test_a_restructure_does_what_its_preview_says_and_its_token_is_taken() -> None:
    loan, day = desks.late(days=40)
    plan = desks.plan(
        extra_instalments=6, arrears=Arrears.CAPITALISE, waive=(Due.PENALTY,), annual_rate=Decimal("0.12")
    )
    preview = quotes.restructure(loan, "illness", plan, day, POLICY)
    command = ask(asked.Restructure, loan, plan=plan, token=preview.token)
    after, _ = operations.restructure(RELIEF, loan, command, day, POLICY)
    assert isinstance(after, Loan)
    assert preview.after.instalments == after.instalments
    assert preview.extra_cost == preview.after.to_pay - preview.before.to_pay
    assert preview.waived > 0 < preview.capitalised
    assert preview.after.annual_rate == Decimal("0.12")
    assert preview.before.apr is not None
    assert preview.after.apr is not None
    assert preview.after.apr < preview.before.apr


def expected(loan: Loan, today: date) -> int:
    """What the account must say: principal owed, charges due and unpaid, less what was paid ahead."""
    due = sum(
        (row.interest - row.interest_paid + row.fee - row.fee_paid)
        if row.due_date <= today
        else -row.interest_paid - row.fee_paid
        for row in loan.instalments
    )
    late = sum(row.late_fee + row.penalty - row.penalty_paid for row in loan.instalments)
    return loan.principal_outstanding + due + late - loan.credit


STEPS = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.sampled_from(["pay", "pay", "pay", "less", "ahead", "fewer", "waive", "relief", "bounce", "off"]),
    ),
    max_size=8,
)


@given(STEPS)
def test_the_account_says_what_is_owed_and_its_parts_add_up(steps: list[tuple[int, str]]) -> None:
    loan, on = loans.active(), TODAY
    for number, (days, what) in enumerate(steps):
        on += timedelta(days=days)
        loan = desks.aged(loan, on)
        if loan.status not in (Status.ACTIVE, Status.CHARGED_OFF):
            break
        loan = step(loan, on, what, f"p{number}")
    end = on + timedelta(days=33)
    loan = quotes.at(desks.aged(loan, end), end, POLICY)
    lines = transactions(loan, end, POLICY)
    assert (lines[-1].balance, loan.status) == (expected(loan, end), loan.status)
    months = [TODAY + timedelta(days=each) for each in range(0, (end - TODAY).days, 29)]
    balance = 0
    for start, following in zip(months, [*months[1:], end + timedelta(days=1)], strict=True):
        part = statement(loan, start, following - timedelta(days=1), POLICY)
        assert part.opening == balance
        assert part.closing == part.opening + sum(line.amount for line in part.lines)
        assert sum(part.charged.values()) == sum(line.amount for line in part.lines if line.sort in CHARGES)
        balance = part.closing
    assert balance == lines[-1].balance


def step(loan: Loan, on: date, what: str, number: str) -> Loan:
    """One thing that happens to the loan."""
    policy = loans.POLICY
    due = next((row.outstanding for row in loan.instalments if row.outstanding), 1_000)
    intents = {"ahead": PaymentIntent.LOWER_INSTALMENT, "fewer": PaymentIntent.FEWER_INSTALMENTS}
    if what == "bounce":
        came = [each for each in loan.entries if each.channel == "bank-transfer" and each.undone_on is None]
        if not came:
            return loan
        undone = PaymentReversed(payment_id=came[-1].id, loan_id=loan.id, reason="bounced", reversed_on=on)
        after, _ = payments.reverse(loan, undone, on, policy)
    elif what == "waive":
        command = ask(asked.Waive, loan, parts=(Due.PENALTY, Due.INTEREST), up_to=2_000)
        try:
            after, _ = operations.waive(loan, command, on, policy)
        except Refused:
            return loan
    elif what == "relief":
        plan = desks.plan(extra_instalments=2, arrears=Arrears.CAPITALISE, waive=(Due.PENALTY,))
        try:
            token = quotes.restructure(loan, "illness", plan, on, policy).token
            command_ = ask(asked.Restructure, loan, plan=plan, token=token)
            after, _ = operations.restructure(RELIEF, loan, command_, on, policy)
        except Exception as error:
            if type(error).__name__ in ("Refused", "DataError"):
                return loan
            raise
    elif what == "off":
        if loan.status is not Status.ACTIVE:
            return loan
        after, _ = operations.charge_off(loan, ask(asked.ChargeOff, loan), on, policy)
    else:
        amount = {"pay": due, "less": max(due // 3, 1)}.get(what, 100_000)
        after = paid(loan, amount, on, intents.get(what), number)
    assert isinstance(after, Loan)
    return after


def test_a_payment_that_bounced_stands_in_the_account_twice() -> None:
    loan = paid(loans.active(), 50_000, TODAY)
    undone = PaymentReversed(payment_id="p", loan_id=loan.id, reason="bounced", reversed_on=TODAY)
    on = TODAY + timedelta(days=3)
    bounced, _ = payments.reverse(loan, undone, on, POLICY)
    assert isinstance(bounced, Loan)
    told = [(line.on, line.sort, line.amount) for line in transactions(bounced, on, POLICY)]
    assert told == [
        (TODAY, Sort.DISBURSEMENT, 600_000),
        (TODAY, Sort.PAYMENT, -50_000),
        (on, Sort.REVERSAL, 50_000),
    ]


def test_a_loan_that_is_not_paid_out_has_an_empty_account() -> None:
    assert transactions(loans.opened(), TODAY, POLICY) == []
    empty = statement(loans.opened(), TODAY, TODAY, POLICY)
    assert (empty.opening, empty.closing, empty.lines) == (0, 0, ())
