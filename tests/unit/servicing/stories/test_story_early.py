"""Loans that end sooner: returned, paid off, repaid in part."""

from datetime import date
from fractions import Fraction

import pytest

from lendstream.events.loan import LoanRescheduled
from lendstream.events.payment import PaymentIntent
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import cents, table
from unit.servicing.stories.tale import schedule, tale
from unit.servicing.teller import Teller


def test_a_phone_at_no_interest_is_returned_within_the_days_of_cooling_off() -> None:
    """3,600 yuan over twelve months; the merchant bears the interest, 9 % of the price."""
    teller = Teller(today=date(2026, 3, 2))
    assert tale(teller.opens("phone-interest-free", 360_000, 12, "0.09")) == [
        "opened 360000 over 12",
        "pay out 360000 on 2026-03-02 to the merchant",
    ]
    assert tale(teller.is_paid_out()) == [
        "paid out 360000",
        "  disbursement: loan_principal 360000, bank -360000",
        # flat: 360,000 * 0.09 for the year
        "  subsidy: subsidy_receivable 32400, unearned_interest -32400",
    ]
    assert [(row.principal, row.interest) for row in teller.loan.instalments] == [(30_000, 0)] * 12
    teller.lives_until(date(2026, 3, 8))
    assert tale(teller.receives(360_000, "return", intent=PaymentIntent.RETURN)) == [
        "payment return 360000: #1 principal 360000 settled; owed 0 of 0",
        "rescheduled for prepayment over 1; owed 0 of 0",
        "closed: returned on 2026-03-08, credit 0",
        "  repayment: bank 360000, loan_principal -360000",
        "  subsidy: unearned_interest 32400, subsidy_receivable -32400",
    ]
    assert teller.balances() == {}
    hold(teller)


def test_a_car_is_paid_off_early_for_a_fee() -> None:
    """40,000 yuan at 12 %, two fifths of it due at the end; 2 % for repaying early, and the running month in full."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("car-balloon", 4_000_000, 12, "0.12")
    teller.is_paid_out()
    # (4,000,000 - 1,600,000 * 1.01 ** -12) at one percent over twelve months: 229,237.09
    for number, month in enumerate((4, 5, 6), 1):
        teller.lives_until(date(2026, month, 2))
        teller.receives(229_237, f"month-{number}")
    # 4,000,000 - 189,237 - 191,129 - 193,041 = 3,426,593 is left; of it one percent, and two percent
    teller.lives_until(date(2026, 6, 20))
    assert 3_426_593 + 34_266 + 68_532 == 3_529_391
    assert tale(teller.receives(3_529_391, "all", intent=PaymentIntent.PAY_OFF)) == [
        "payment all 3529391: #4 interest 34266 principal 3426593 settled; fee 68532; owed 0 of 0",
        "rescheduled for prepayment over 4; owed 0 of 0",
        "closed: prepaid on 2026-06-20, credit 0",
        "  repayment: bank 3529391, loan_principal -3426593, interest_receivable -34266, prepayment_fee_income -68532",
    ]
    # interest of four months: 40,000 + 38,108 + 36,196 + 34,266
    assert teller.balances() == {"bank": 217_102, "interest_receivable": -148_570, "prepayment_fee_income": -68_532}
    hold(teller)


@pytest.mark.parametrize("intent", [PaymentIntent.LOWER_INSTALMENT, PaymentIntent.FEWER_INSTALMENTS])
def test_a_part_is_repaid_early(intent: PaymentIntent) -> None:
    """6,000 yuan at 18 % over six months; 2,000 come in the middle of the second."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("cash-small", 600_000, 6, "0.18")
    teller.is_paid_out()
    teller.lives_until(date(2026, 4, 2))
    teller.receives(105_315, "month-1")
    teller.lives_until(date(2026, 4, 17))
    told = tale(teller.receives(200_000, "early", intent=intent))
    # 503,685 until the 17th and 303,685 from then on: half of 7,555, and 15 days of 30 at 1.5 % a month
    first = cents(Fraction(7_555 * 15, 30)) + cents(303_685 * Fraction(15, 1000) * Fraction(15, 30))
    assert first == 3_778 + 2_278
    if intent is PaymentIntent.LOWER_INSTALMENT:
        # five level payments, 63,806.44
        rows = [(57_750, 6_056), (60_117, 3_689), (61_019, 2_787), (61_934, 1_872), (62_865, 943)]
        assert rows == table(303_685, Fraction(15, 1000), 5, first)
        owed = 319_032
    else:
        # as much as before, 105,315, as often as it takes: then 102,177 is left
        rows = [(99_259, 6_056), (102_249, 3_066), (102_177, 1_533)]
        assert [principal + interest for principal, interest in rows] == [105_315, 105_315, 103_710]
        assert [cents(left * Fraction(15, 1000)) for left in (303_685 - 99_259, 102_177)] == [3_066, 1_533]
        owed = 314_340
    assert sum(map(sum, rows)) == owed
    assert told == [
        f"payment early 200000: #2 principal 200000; owed 303685 of {owed}",
        f"rescheduled for prepayment over {1 + len(rows)}; owed 303685 of {owed}",
        "  repayment: bank 200000, loan_principal -200000",
    ]
    (rescheduled,) = teller.all_of(LoanRescheduled)
    # what was repaid early stands with the instalment that it came before
    assert schedule(rescheduled)[1][1:3] == (200_000 + rows[0][0], rows[0][1])
    assert [row[1:3] for row in schedule(rescheduled)[2:]] == rows[1:]

    for number, row in enumerate(rows, 2):
        teller.lives_until(teller.loan.instalments[number - 1].due_date)
        told = tale(teller.receives(sum(row), f"month-{number}"))
    ending = "repaid on 2026-09-02" if intent is PaymentIntent.LOWER_INSTALMENT else "prepaid on 2026-07-02"
    assert told[1] == f"closed: {ending}, credit 0"
    # all interest: 9,000 of the first month and that of the new rows
    interest = 9_000 + sum(each for _, each in rows)
    assert teller.balances() == {"bank": interest, "interest_receivable": -interest}
    hold(teller)
