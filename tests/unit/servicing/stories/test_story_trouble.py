"""Lateness, and what becomes of it: collected, penalised, forgiven, given up, recovered."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from lendstream.catalogue import Catalogue, Product, load
from lendstream.events.loan import PaymentRequested
from lendstream_servicing.domain.loan import Loan, Policy, Status
from unit.servicing import loans
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import Card, cents, table
from unit.servicing.stories.tale import tale
from unit.servicing.teller import Teller


def test_a_loan_is_charged_off_and_recovered() -> None:
    """3,000 yuan at 18 % over three months; nothing is paid for half a year."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("cash-small", 300_000, 3, "0.18")
    teller.is_paid_out()
    by_hand = [(98_515, 4_500), (99_993, 3_022), (101_492, 1_522)]
    assert by_hand == table(300_000, Fraction(15, 1000), 3)
    # 24 % a year of 360 days on overdue principal; by the 181st day, 29 September: 180, 150 and 119 days
    rate = Fraction(24, 100)
    days = [(180, 98_515), (150, 99_993), (119, 101_492)]
    penalty = [cents(principal * rate * late / 360) for late, principal in days]
    assert penalty == [11_822, 9_999, 8_052]
    assert tale(teller.lives_until(date(2026, 9, 29))) == [
        "#1 overdue 103015",
        "current -> M1: 103015 late 1 days",
        "#2 overdue 103015",
        # of 30 April days and one: 98,515 * 0.24 * 31 / 360 = 2,036
        "M1 -> M2: 208066 late 31 days",
        # 61 days on the first, 31 on the second: 4,006 + 2,067
        "M2 -> M3: 212103 late 61 days",
        "#3 overdue 103014",
        # 91, 61 and 30 days: 5,977 + 4,066 + 2,030
        "M3 -> M4+: 321117 late 91 days",
        "charged off after 180 days: principal 300000, interest 9044, penalty 29873",
        "  charge_off: loan_loss_allowance 309044, loan_principal -300000, interest_receivable -9044",
    ]
    assert sum(penalty) == 29_873
    assert teller.loan.status is Status.CHARGED_OFF

    # from now on penalties stand still, and all that comes is a recovery, also what was sent before
    teller.lives_until(date(2026, 11, 5))
    assert tale(teller.receives(50_000, "wages")) == [
        "recovery wages 50000: #1 penalty 11822 interest 4500 principal 33678; owed 266322 of 288917",
        "  recovery: bank 50000, recovery_income -50000",
    ]
    assert tale(teller.receives(1_000, "lost", of=date(2026, 4, 2))) == [
        "moved wages: #1 penalty 11822 interest 4500 principal 33678 -> #1 penalty 10822 interest 4500 principal 34678",
        "recovery lost 1000: #1 penalty 1000; owed 265322 of 287917",
        "  recovery: bank 1000, recovery_income -1000",
    ]
    assert 300_000 + 9_044 + 29_873 - 51_000 == 287_917
    assert tale(teller.receives(287_917, "inheritance")) == [
        (
            "recovery inheritance 287917: #1 principal 63837 settled, #2 penalty 9999 interest 3022 principal 99993 "
            "settled, #3 penalty 8052 interest 1522 principal 101492 settled; owed 0 of 0"
        ),
        "M4+ -> current: 0 late 0 days",
        "closed: repaid on 2026-11-05, credit 0",
        "  recovery: bank 287917, recovery_income -287917",
    ]
    assert teller.balances() == {
        "bank": 38_917,
        "loan_loss_allowance": 309_044,
        "interest_receivable": -9_044,
        "recovery_income": -338_917,
    }
    hold(teller)


def test_direct_debit_fails_until_payday_and_then_collects() -> None:
    """1,000 yuan for two weeks at 18 %; tried on days 0, 1, 2, 3, 5 and 7 after the due day, two of them grace."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("payday-bullet", 100_000, 14, "0.18", debit_account="acct_wage")
    teller.is_paid_out()
    # 100,000 * 0.18 * 14 / 365 = 690.41
    told = []
    for day in (16, 17, 18, 19):
        told += tale(teller.lives_until(date(2026, 3, day)))
        assert teller.fails_to_collect() == ()
    told += tale(teller.lives_until(date(2026, 3, 21)))
    assert told == [
        "collect 100690 on 2026-03-16, attempt 1",
        "#1 overdue 100690",
        "current -> M1: 100690 late 1 days",
        "collect 100690 on 2026-03-17, attempt 2",
        "collect 100690 on 2026-03-18, attempt 3",
        # 24 % on 100,000 for 3 days of 365: 197.26
        "collect 100887 on 2026-03-19, attempt 4",
        # and for 5: 328.77
        "collect 101019 on 2026-03-21, attempt 5",
    ]
    order = teller.all_of(PaymentRequested)[-1]
    assert tale(teller.receives(101_019, "wage", request_id=order.request_id)) == [
        "payment wage 101019: #1 penalty 329 interest 690 principal 100000 settled; owed 0 of 0",
        "M1 -> current: 0 late 0 days",
        "closed: repaid on 2026-03-21, credit 0",
        "  repayment: bank 101019, loan_principal -100000, interest_receivable -690, penalty_income -329",
    ]
    assert teller.loan.next_action_on is None
    assert teller.balances() == {"bank": 1_019, "interest_receivable": -690, "penalty_income": -329}
    hold(teller)


def test_penalty_interest_waits_for_the_grace_and_stops_at_its_cap() -> None:
    """1,200 yuan over three months, the first without interest; 19.8 % on what is late, at most 2 % of it."""
    product = load().product("first-loan")
    fields = {name: getattr(product, name) for name in Product.model_fields}
    capped = Product(**{**fields, "penalty_cap_share": Decimal("0.02")})
    policy = replace(loans.POLICY, catalogue=Catalogue({"first-loan": {1: capped}}))
    teller = Teller(policy, date(2026, 3, 2))
    teller.opens("first-loan", 120_000, 3, "0.18")
    teller.is_paid_out()
    assert [(row.principal, row.interest) for row in teller.loan.instalments] == [
        (40_000, 0),
        (40_000, 1_200),
        (40_000, 600),
    ]
    assert tale(teller.lives_until(date(2026, 5, 20))) == [
        "#1 overdue 40000",
        "current -> M1: 40000 late 1 days",
        # 40,000 * 0.198 * 31 / 360 = 682; the second instalment is within its grace of five days
        "#2 overdue 41200",
        "M1 -> M2: 81882 late 31 days",
    ]
    by_day = {}
    for day in (date(2026, 4, 7), date(2026, 4, 8), date(2026, 5, 2), date(2026, 5, 20)):
        first = loans.on_day(_fresh(policy), day, policy).instalments[0]
        by_day[day.isoformat()] = first.penalty
    # nothing for 5 days, then for all 6: 132; 30 days: 660; 48 days would be 1,056, but 2 % of 40,000 is 800
    assert by_day == {"2026-04-07": 0, "2026-04-08": 132, "2026-05-02": 660, "2026-05-20": 800}
    # the second is late by 18 days: 396
    assert tale(teller.receives(42_400, "late")) == [
        (
            "payment late 42400: #1 penalty 800 principal 40000 settled, #2 penalty 396 interest 1200 principal 4; "
            "owed 79996 of 80596"
        ),
        "M2 -> M1: 39996 late 18 days",
        "  repayment: bank 42400, loan_principal -40004, interest_receivable -1200, penalty_income -1196",
    ]
    hold(teller)


def _fresh(policy: Policy) -> Loan:
    teller = Teller(policy, date(2026, 3, 2))
    teller.opens("first-loan", 120_000, 3, "0.18")
    teller.is_paid_out()
    return teller.loan


def test_a_late_fee_is_reversed_by_a_payment_that_had_been_in_time() -> None:
    """6,000 yuan for a fridge, 1 % kept from the payout; the bank finds a payment four days later."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("home-appliances", 600_000, 6, "0.108")
    assert tale(teller.is_paid_out()) == [
        "paid out 594000",
        "  disbursement: loan_principal 600000, bank -594000, fee_income -6000",
    ]
    # 0.9 % a month, level payment 103,173.80
    assert table(600_000, Fraction(9, 1000), 6)[0] == (97_774, 5_400)
    assert tale(teller.lives_until(date(2026, 4, 6))) == [
        "#1 overdue 103174",
        "current -> M1: 103174 late 1 days",
        "late fee 1000 on #1",
    ]
    # 21.6 % on 97,774 for four days of 360: 234.66
    assert teller.loan.instalments[0].penalty == 235
    assert tale(teller.receives(103_174, "found", of=date(2026, 4, 1))) == [
        "late fee 1000 off #1",
        "payment found 103174: #1 interest 5400 principal 97774 settled; owed 502226 of 515866",
        "M1 -> current: 0 late 0 days",
        "  repayment: bank 103174, loan_principal -97774, interest_receivable -5400",
    ]
    first = teller.loan.instalments[0]
    assert (first.late_fee, first.penalty, first.overdue_on, first.settled_on) == (0, 0, None, date(2026, 4, 1))
    hold(teller)


def test_a_small_balance_is_written_off() -> None:
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("first-loan", 120_000, 3, "0.18")
    teller.is_paid_out()
    for month, amount in ((4, 40_000), (5, 41_200)):
        teller.lives_until(date(2026, month, 2))
        teller.receives(amount, f"month-{month}")
    teller.lives_until(date(2026, 6, 2))
    # 60 fen short of 40,600; a rest of up to 100 is let go
    assert tale(teller.receives(40_540, "last")) == [
        "payment last 40540: #3 interest 600 principal 39940; owed 60 of 60",
        "waived for small_balance: #3 principal 60 settled",
        "closed: waived on 2026-06-02, credit 0",
        "  repayment: bank 40540, loan_principal -39940, interest_receivable -600",
        "  waiver: waiver_expense 60, loan_principal -60",
    ]
    # when it bounces, what was let go is owed again with it
    assert tale(teller.takes_back("last")) == [
        "undone last 40540: #3 interest 600 principal 39940; owed 40000 of 40600",
        "waiver for small_balance undone: #3 principal 60 settled",
        "owed again: 40600",
        "  reversal: loan_principal 39940, interest_receivable 600, bank -40540",
        "  waiver: waiver_expense -60, loan_principal 60",
    ]
    hold(teller)


def test_too_much_is_given_back() -> None:
    """3,000 yuan at 18 %; the last payment is 6,986 fen too much, and the first refund fails."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("cash-small", 300_000, 3, "0.18")
    teller.is_paid_out()
    for month in (4, 5):
        teller.lives_until(date(2026, month, 2))
        teller.receives(103_015, f"month-{month}")
    teller.lives_until(date(2026, 6, 2))
    assert tale(teller.receives(110_000, "last")) == [
        "payment last 110000: #3 interest 1522 principal 101492 settled; credit 6986; owed 0 of 0",
        "closed: repaid on 2026-06-02, credit 6986",
        "refund 6986 to acct_8f2c",
        "  repayment: bank 110000, loan_principal -101492, interest_receivable -1522, customer_credit -6986",
    ]
    assert teller.fails_to_give_back() == ()
    assert (teller.loan.credit, teller.loan.refund) == (6_986, 0)
    teller.lives_until(date(2026, 6, 5))
    assert tale(teller.receives(500, "standing-order")) == [
        "payment standing-order 500: nothing; credit 500; owed 0 of 0",
        "refund 7486 to acct_8f2c",
        "  repayment: bank 500, customer_credit -500",
    ]
    assert tale(teller.gives_back()) == ["refunded 7486", "  refund: customer_credit 7486, bank -7486"]
    # interest: 4,500 + 3,022 + 1,522
    assert teller.balances() == {"bank": 9_044, "interest_receivable": -9_044}
    hold(teller)


def test_a_card_by_hand_penalises_as_the_platform_does() -> None:
    """The officer's card, which the stories of corrections are checked with, on the simplest case of all."""
    card = Card([(date(2026, 4, 2), 98_515, 4_500)], Fraction(24, 100), 3)
    card.until(date(2026, 4, 5))
    assert card.owed() == [(0, 4_500, 98_515)]
    card.until(date(2026, 9, 29))
    assert card.owed() == [(11_822, 4_500, 98_515)]
