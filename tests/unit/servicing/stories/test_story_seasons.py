"""A farmer who pays after the harvest, and a shop owner who is hit and recovers."""

from datetime import date
from fractions import Fraction

from lendstream.catalogue import Due
from lendstream.events.loan import LoanOpened, LoanRescheduled
from lendstream_servicing.domain.relief import Arrears, Relief
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import cents, table
from unit.servicing.stories.tale import schedule, tale
from unit.servicing.teller import Teller


def test_a_farmer_pays_after_the_harvest_within_the_days_of_grace() -> None:
    """5,000 yuan at 6 % over a year: two fifths are due in month 6, three fifths in month 12; 15 days of grace."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("farmer-seasonal", 500_000, 12, "0.06")
    teller.is_paid_out()
    # half a percent a month of 500,000, and of 300,000 once the first harvest is paid
    (opened,) = teller.all_of(LoanOpened)
    principal = [0, 0, 0, 0, 0, 200_000, 0, 0, 0, 0, 0, 300_000]
    assert [row[1:3] for row in schedule(opened)] == list(zip(principal, [2_500] * 6 + [1_500] * 6, strict=True))

    for number, month in enumerate((4, 5, 6, 7, 8), 1):
        assert teller.lives_until(date(2026, month, 2)) == ()
        assert tale(teller.receives(2_500, f"interest-{number}"))[1:] == [
            "  repayment: bank 2500, interest_receivable -2500"
        ]
    # The harvest is late: 12 days over, no penalty within the 15 of grace. Interest first, then principal.
    assert tale(teller.lives_until(date(2026, 9, 14))) == [
        "#6 overdue 202500",
        "current -> M1: 202500 late 1 days",
    ]
    assert tale(teller.receives(202_500, "harvest")) == [
        "payment harvest 202500: #6 interest 2500 principal 200000 settled; owed 300000 of 309000",
        "M1 -> current: 0 late 0 days",
        "  repayment: bank 202500, loan_principal -200000, interest_receivable -2500",
    ]
    hold(teller)


def test_a_harvest_after_the_grace_costs_penalty_interest_from_the_due_date_on() -> None:
    """Interest of all that is due is settled before principal, and principal before penalties."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("farmer-seasonal", 500_000, 12, "0.06")
    teller.is_paid_out()
    for number, month in enumerate((4, 5, 6, 7, 8), 1):
        teller.lives_until(date(2026, month, 2))
        teller.receives(2_500, f"interest-{number}")
    teller.lives_until(date(2026, 9, 20))
    # 10.8 % a year of 360 days on 200,000 for 18 days: 1,080
    assert tale(teller.receives(202_500, "harvest"))[0] == (
        "payment harvest 202500: #6 interest 2500 principal 200000; owed 300000 of 310080"
    )
    assert teller.loan.instalments[5].outstanding == 1_080
    hold(teller)


def test_a_shop_owner_hit_by_an_event_gets_a_holiday_and_recovers() -> None:
    """12,000 yuan at 12 % over a year. After three months the shop floods."""
    teller = Teller(today=date(2026, 3, 2))
    teller.opens("consumer-general", 1_200_000, 12, "0.12")
    teller.is_paid_out()
    # one percent a month, level payment 106,618.55
    before = table(1_200_000, Fraction(1, 100), 12)
    assert before[:5] == [(94_619, 12_000), (95_565, 11_054), (96_521, 10_098), (97_486, 9_133), (98_461, 8_158)]
    (opened,) = teller.all_of(LoanOpened)
    assert [row[1:3] for row in schedule(opened)] == before
    for number, month in enumerate((4, 5, 6), 1):
        assert teller.lives_until(date(2026, month, 2)) == ()
        teller.receives(106_619, f"month-{number}")
    assert tale(teller.lives_until(date(2026, 7, 12))) == [
        "#4 overdue 106619",
        "current -> M1: 106619 late 1 days",
    ]

    # The two next due days are left out, what is overdue becomes principal, the penalty of ten days is let go:
    # 24 % on 97,486, 649.91. Owed then: 815,809 to come, and of July 97,486 and its interest 9,133.
    relief = Relief(holiday=2, arrears=Arrears.CAPITALISE, waive=(Due.PENALTY,))
    assert tale(teller.relieves(relief)) == [
        "waived for hardship: #4 penalty 650",
        "rescheduled for restructure over 12; owed 922428 of 983126; capitalised interest 9133",
        "M1 -> current: 0 late 0 days",
        "  capitalisation: loan_principal 9133, interest_receivable -9133",
    ]
    # On 2 October falls due: of August's 8,158 ten days of 31, and on 922,428 the rest of the three months, 82 days of
    # 92. The eight payments left are level, 122,890.93.
    assert 815_809 + 97_486 + 9_133 == 922_428
    first = cents(Fraction(8_158 * 10, 31)) + cents(922_428 * Fraction(3, 100) * Fraction(82, 92))
    assert first == 2_632 + 24_665
    after = table(922_428, Fraction(1, 100), 8, first)
    assert after[:2] == [(95_594, 27_297), (114_623, 8_268)]
    days = ["2026-10-02", "2026-11-02", "2026-12-02", *(f"2027-0{month}-02" for month in (1, 2, 3, 4, 5))]
    (rescheduled,) = teller.all_of(LoanRescheduled)
    rows = schedule(rescheduled)
    assert rows[:4] == [*schedule(opened)[:3], ("2026-07-02", 0, 0, 0)]
    assert rows[4:] == [(day, *row, 0) for day, row in zip(days, after, strict=True)]

    for row in teller.loan.instalments[4:]:
        assert teller.lives_until(row.due_date) == ()
        told = tale(teller.receives(row.outstanding, f"after-{row.number}"))
    assert told == [
        "payment after-12 122889: #12 interest 1217 principal 121672 settled; owed 0 of 0",
        "closed: repaid on 2027-05-02, credit 0",
        "  repayment: bank 122889, loan_principal -121672, interest_receivable -1217",
    ]
    # 3 * 106,619 + 7 * 122,891 + 122,889 - 1,200,000
    assert teller.balances() == {"bank": 102_983, "interest_receivable": -102_983}
    hold(teller)
