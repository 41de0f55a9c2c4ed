"""Interest by the day on what is really owed: early money lowers it, late principal goes on bearing it."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.loan import LoanRescheduled, PaymentApplied, RescheduleReason
from lendstream.events.payment import PaymentIntent
from lendstream_servicing.domain.accrual import accrual
from lendstream_servicing.domain.loan import Loan, Status
from support.lives import Life, product
from unit.servicing.lives import enough

OPENED = date(2026, 1, 15)
DAILY = {"day_count": "actual/360", "accrual": "daily"}
RULES = ["next_instalment", "last_instalment", "every_instalment", "lower_instalment", "fewer_instalments"]
RULES += ["next_then_lower"]


def lived(method: str = "equal_instalment", in_advance: str = "next_instalment", **rules: object) -> Life:
    """12,000 yuan over six months at 12 %, by actual days over 360."""
    sold = product(method=method, timing=DAILY, interest_on="outstanding", in_advance=in_advance, **rules)
    return Life.of(sold, 1_200_000, 6, "0.12", OPENED)


def interest(balance: int, days: int) -> int:
    """Simple interest at 12 % over 360 days, half up."""
    return round(Fraction(balance * 12 * days, 36_000) + Fraction(1, 10**9))


def test_nothing_out_of_the_ordinary_leaves_the_schedule_as_it_is() -> None:
    life = lived()
    opened = life.loan.instalments
    for row in opened:
        life.pay(row.outstanding, row.due_date)
    assert [row[:6] for row in life.loan.instalments] == [row[:6] for row in opened]
    assert life.loan.status is Status.CLOSED
    assert not any(isinstance(told, LoanRescheduled) for told in life.told)


@pytest.mark.parametrize("in_advance", RULES)
def test_an_early_payment_lowers_the_interest_from_its_value_date(in_advance: str) -> None:
    life = lived(in_advance=in_advance)
    first = life.loan.instalments[0]
    life.pay(100_000, OPENED + timedelta(10))
    after = life.loan.instalments[0]
    assert first.interest == interest(1_200_000, 31)
    assert after.interest == interest(1_200_000, 10) + interest(1_100_000, 21)


def test_whoever_pays_the_instalment_early_has_settled_it() -> None:
    life = lived()
    whole = life.loan.instalments[0].outstanding
    life.pay(whole, OPENED + timedelta(25))
    first, second = life.loan.instalments[:2]
    assert first.settled_on == OPENED + timedelta(25)
    assert first.outstanding == 0
    # What the lower interest leaves goes to the next one.
    assert second.principal_paid + second.interest_paid == whole - first.principal - first.interest > 0


def test_a_late_instalment_bears_interest_until_it_is_paid() -> None:
    life = lived()
    first, second = life.loan.instalments[:2]
    life.pay(first.outstanding, first.due_date + timedelta(5))
    after = life.loan.instalments[1]
    left = 1_200_000 - first.principal
    assert after.interest == interest(1_200_000, 5) + interest(left, 28 - 5)
    assert after.interest + after.principal == second.interest + second.principal
    told = [each for each in life.told if isinstance(each, LoanRescheduled)]
    assert {each.reason for each in told} == {RescheduleReason.RECALCULATION}
    assert told[-1].instalments[1].interest == after.interest


def test_as_of_a_day_the_overdue_is_taken_to_be_paid_then() -> None:
    life = lived()
    first = life.loan.instalments[0]
    left = 1_200_000 - first.principal
    for late in (1, 9, 20):
        seen = life.as_of(first.due_date + timedelta(late)).instalments[1]
        assert seen.interest == interest(1_200_000, late) + interest(left, 28 - late)


def test_penalty_interest_comes_beside_it() -> None:
    life = lived(penalty_annual_rate="0.18")
    first = life.loan.instalments[0]
    seen = life.as_of(first.due_date + timedelta(10))
    assert seen.instalments[0].penalty == round(Fraction(first.principal * 18 * 10, 36_000))
    assert seen.instalments[1].interest > life.loan.instalments[1].interest


def test_after_the_last_due_date_further_instalments_charge_it() -> None:
    life = lived(method="interest_then_bullet")
    for row in life.loan.instalments[:-1]:
        life.pay(row.outstanding, row.due_date)
    last = life.loan.instalments[-1]
    life.pay(last.interest, last.due_date)
    paid_on = last.due_date + timedelta(40)
    life.until(paid_on)
    whole, running = life.as_of(paid_on).instalments[-2:]
    assert (whole.number, running.number) == (7, 8)
    assert whole.interest == interest(1_200_000, 31)  # 15 July to 15 August
    assert running.interest == interest(1_200_000, 9)
    life.pay(1_200_000 + whole.interest + running.interest, paid_on)
    assert life.loan.status is Status.CLOSED
    assert life.loan.credit == 0


def test_a_product_may_let_it_end_with_the_last_due_date() -> None:
    life = lived(interest_after_maturity=False)
    last = life.loan.instalments[-1]
    assert len(life.as_of(last.due_date + timedelta(100)).instalments) == 6


def test_paying_off_takes_the_interest_of_what_was_owed() -> None:
    life = lived()
    life.pay(100_000, OPENED + timedelta(10))
    assert life.pay_off(OPENED + timedelta(20)) == 1_100_000 + interest(1_200_000, 10) + interest(1_100_000, 10)
    assert life.loan.status is Status.CLOSED


def test_more_than_everything_pays_off_whatever_the_rule_and_the_rest_is_credit() -> None:
    life = lived()
    life.pay(2_000_000, OPENED + timedelta(10))
    assert life.loan.status is Status.CLOSED
    assert life.loan.credit == 800_000 - interest(1_200_000, 10)


def test_interest_that_others_bear_follows_too() -> None:
    rules = [{"payer": "merchant", "share": "0.5"}]
    life = lived(subsidies=rules)
    life.pay(100_000, OPENED + timedelta(10))
    after = life.loan.instalments[0]
    assert after.interest + after.subsidy == interest(1_200_000, 10) + interest(1_100_000, 21)
    assert abs(after.interest - after.subsidy) <= 1


def test_a_charge_off_ends_it() -> None:
    life = lived()
    life.charge_off(OPENED + timedelta(50))
    assert life.loan.late_interest == 0
    owed = life.loan.total_outstanding
    assert life.as_of(OPENED + timedelta(500)).total_outstanding == owed


# -- every life

LIVES = enough(50)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A loan that is paid early, late, in part, too much, and told late of it."""
    level = ["equal_instalment", "balloon"]
    method = draw(st.sampled_from(["equal_principal", "interest_then_bullet", "single_payment", *level]))
    rules = RULES if method != "single_payment" else RULES[:3]
    more: dict[str, object] = {"balloon": {"share": "0.3"}} if method == "balloon" else {}
    if draw(st.booleans()):
        more["subsidies"] = [{"payer": "coupon", "share": "1", "cap": draw(st.integers(1, 20_000))}]
    if draw(st.booleans()):
        more |= {"penalty_annual_rate": "0.18", "penalty_on_interest": draw(st.booleans()), "late_fee": 500}
    sold = product(
        method=method,
        timing={**DAILY, "multiple": draw(st.sampled_from([1, 100]))},
        interest_on="outstanding",
        in_advance=draw(st.sampled_from(rules)),
        instalment_fee=draw(st.sampled_from([0, 300])),
        interest_after_maturity=draw(st.booleans()),
        **more,
    )
    life = Life.of(sold, draw(st.integers(100_000, 5_000_000)), draw(st.integers(1, 8)), "0.12", OPENED)
    day = OPENED
    for _ in range(draw(st.integers(0, 6))):
        day += timedelta(draw(st.integers(0, 45)))
        share = draw(st.sampled_from([1, 5, 20, 30, 60, 120]))
        amount = max(life.loan.contract.principal * share // 100, 1)
        if draw(st.booleans()):
            amount = next((row.outstanding for row in life.loan.instalments if row.outstanding), amount)
        intent = draw(st.sampled_from([None, None, None, *PaymentIntent]))
        if intent is PaymentIntent.RETURN or (method == "single_payment" and intent is not PaymentIntent.PAY_OFF):
            intent = None
        life.pay(amount, day, intent, known_on=day + timedelta(draw(st.sampled_from([0, 0, 0, 3, 20]))))
        day = max(day, life.loan.entries[-1].received_on)
    life.until(day + timedelta(draw(st.integers(0, 60))))
    return life


@LIVES
@given(lives(), st.integers(0, 40))
def test_a_life_step_by_step_is_the_life_derived_from_its_entries(life: Life, later: int) -> None:
    today = _seen(life.loan) + timedelta(later)
    assert _state(life.as_of(today)) == _state(life.derived(today))


def _seen(loan: Loan) -> date:
    """The last day that anything of it was seen on."""
    return max(loan.aged_through or OPENED, *(entry.received_on for entry in loan.entries), OPENED)


def _state(loan: Loan) -> tuple[object, ...]:
    return loan.instalments, loan.credit, loan.status, loan.late_interest, loan.anchor_on, loan.anchor_interest


@LIVES
@given(lives())
def test_what_a_life_told_adds_up_to_it(life: Life) -> None:
    loan = life.loan
    rescheduled = [each for each in life.told if isinstance(each, LoanRescheduled)]
    if rescheduled:
        assert [tuple(row) for row in _scheduled(rescheduled[-1])] == [row[:6] for row in loan.instalments]
    assert sum(row.principal for row in loan.instalments) == loan.contract.principal
    for row in loan.instalments:
        assert 0 <= row.principal_paid <= row.principal
        assert 0 <= row.interest_paid <= row.interest
        assert min(row.principal, row.interest, row.subsidy) >= 0
    money = sum(entry.amount for entry in loan.entries if entry.channel != "small_balance")
    settled = sum(row.principal_paid + row.interest_paid + row.fee_paid + row.penalty_paid for row in loan.instalments)
    assert money == settled + loan.credit + sum(entry.fee for entry in loan.entries)
    cap = next((rule.cap for rule in life.policy.product(loan).subsidies), None)
    assert sum(row.subsidy for row in loan.instalments) <= (cap or 0)


def _scheduled(told: LoanRescheduled) -> list[list[object]]:
    return [[row.number, row.due_date, row.principal, row.interest, row.fee, row.subsidy] for row in told.instalments]


@LIVES
@given(lives(), st.integers(0, 30))
def test_what_is_earned_is_the_interest_of_what_was_owed_each_day(life: Life, later: int) -> None:
    """The close's figures against the sum over all days: they differ by roundings alone, half a unit a stretch."""
    loan = life.loan
    if loan.status is not Status.ACTIVE:
        return
    # On the day of its next action it is touched before that day is closed.
    day = max(_seen(loan), min(_seen(loan) + timedelta(later), (loan.next_action_on or date.max) - timedelta(1)))
    repaid = [
        (told.value_date, sum(part.principal for part in told.allocations))
        for told in life.told
        if isinstance(told, PaymentApplied)
    ]
    if any(entry.received_on != entry.value_date for entry in loan.entries):
        repaid = [(entry.value_date, sum(part.principal for part in entry.parts)) for entry in loan.entries]
    last = loan.instalments[-1].due_date
    ends = day if life.policy.product(loan).interest_after_maturity else min(day, last)
    exact = Decimal(0)
    for number in range((ends - OPENED).days):
        on = OPENED + timedelta(number)
        owed = loan.contract.principal - sum(amount for value, amount in repaid if value <= on)
        exact += Decimal(owed) * 12 / 36_000
    figures = accrual(loan)
    others = sum(row.subsidy for row in loan.instalments)
    earned = figures.earned(day) + sum(row.interest_paid for row in loan.instalments)
    stretches = len(loan.instalments) + 2 * len(loan.entries) + 2
    borne = others - figures.subsidy_future - figures.period_subsidy
    assert exact - others - stretches <= earned <= exact - borne + stretches
