"""School: a trip paid back on time, and a tuition in four parts."""

from datetime import date
from fractions import Fraction

from lendstream.events.intake import LoanOptions, PlannedTranche
from lendstream.events.loan import LoanOpened
from lendstream_servicing.domain.loan import Status
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import annuity, cents, table
from unit.servicing.stories.tale import schedule, tale
from unit.servicing.teller import Teller


def test_a_single_mother_borrows_for_a_school_trip_and_pays_on_time() -> None:
    """1,000 yuan at 10 % a year over six months."""
    teller = Teller(today=date(2026, 3, 2))
    assert tale(teller.opens("education", 100_000, 6, "0.10")) == [
        "opened 100000 over 6",
        "pay out 100000 on 2026-03-02 to the customer",
    ]
    assert tale(teller.is_paid_out()) == [
        "paid out 100000",
        "  disbursement: loan_principal 100000, bank -100000",
    ]
    # Level payment: 100,000 * (0.10 / 12) / (1 - (1 + 0.10 / 12) ** -6) = 17,156.14; interest: a twelfth of 10 % of
    # what is owed, 833.33, 697.31 ...; the last payment takes the rest.
    by_hand = [(16_323, 833), (16_459, 697), (16_596, 560), (16_734, 422), (16_874, 282), (17_014, 142)]
    assert by_hand == table(100_000, Fraction(1, 120), 6)
    days = [date(2026, month, 2) for month in (4, 5, 6, 7, 8, 9)]
    (opened,) = teller.all_of(LoanOpened)
    assert schedule(opened) == [(str(day), *row, 0) for day, row in zip(days, by_hand, strict=True)]

    told = []
    for number, day in enumerate(days, 1):
        assert teller.lives_until(day) == ()
        told += tale(teller.receives(17_156, f"month-{number}"))
    assert told == [
        "payment month-1 17156: #1 interest 833 principal 16323 settled; owed 83677 of 85780",
        "  repayment: bank 17156, loan_principal -16323, interest_receivable -833",
        "payment month-2 17156: #2 interest 697 principal 16459 settled; owed 67218 of 68624",
        "  repayment: bank 17156, loan_principal -16459, interest_receivable -697",
        "payment month-3 17156: #3 interest 560 principal 16596 settled; owed 50622 of 51468",
        "  repayment: bank 17156, loan_principal -16596, interest_receivable -560",
        "payment month-4 17156: #4 interest 422 principal 16734 settled; owed 33888 of 34312",
        "  repayment: bank 17156, loan_principal -16734, interest_receivable -422",
        "payment month-5 17156: #5 interest 282 principal 16874 settled; owed 17014 of 17156",
        "  repayment: bank 17156, loan_principal -16874, interest_receivable -282",
        "payment month-6 17156: #6 interest 142 principal 17014 settled; owed 0 of 0",
        "closed: repaid on 2026-09-02, credit 0",
        "  repayment: bank 17156, loan_principal -17014, interest_receivable -142",
    ]
    # 6 * 17,156 came in for 100,000; the interest becomes receivable by product at the close of each day
    assert teller.balances() == {"bank": 2_936, "interest_receivable": -2_936}
    hold(teller)


def test_a_tuition_is_paid_to_the_school_in_four_parts_and_repaid_after_the_first_year() -> None:
    """8,000 yuan at 6 % over 24 months, nothing due in the first twelve; 2,000 each half year."""
    teller = Teller(today=date(2026, 3, 2))
    terms = [date(2026, 9, 2), date(2027, 3, 2), date(2027, 9, 2)]
    tranches = tuple(PlannedTranche(on=day, amount=200_000) for day in terms)
    told = tale(
        teller.opens(
            "education-study",
            800_000,
            24,
            "0.06",
            options=LoanOptions(tranches=tranches, order_reference="TUITION-2026"),
        )
    )
    assert told == ["opened 800000 over 24", "pay out 200000 on 2026-03-02 to the merchant"]
    assert tale(teller.is_paid_out()) == ["paid out 200000", "  disbursement: loan_principal 200000, bank -200000"]
    # Half a percent a month: 6 * 1,000 on the first part, 6 * 2,000 on two, and 3,000 on three for month 13: 21,000.
    # From month 13 on 600,000 is repaid in 12 level payments of 51,639.86; after six of them 304,488 is left, and with
    # the last part 504,488 in six of 85,558.87.
    first_half = [(48_640, 3_000), (48_883, 2_757), (49_128, 2_512), (49_373, 2_267), (49_620, 2_020), (49_868, 1_772)]
    second_half = [(83_037, 2_522), (83_452, 2_107), (83_869, 1_690), (84_288, 1_271), (84_710, 849), (85_132, 426)]
    half_percent = Fraction(1, 200)
    assert first_half == table(600_000, half_percent, 12)[:6]
    assert cents(annuity(304_488 + 200_000, half_percent, 6)) == 85_559
    assert second_half == table(304_488 + 200_000, half_percent, 6)
    rows = [(0, 0)] * 12 + [(48_640, 18_000 + 3_000)] + first_half[1:] + second_half
    (opened,) = teller.all_of(LoanOpened)
    assert [row[1:3] for row in schedule(opened)] == rows

    told = []
    for row in teller.loan.instalments:
        for part, day in enumerate(terms, 1):
            if teller.today < day <= row.due_date:
                told += tale(teller.lives_until(day))
                told += tale(teller.is_paid_out(part))
        assert teller.lives_until(row.due_date) == ()
        if row.outstanding:
            teller.receives(row.outstanding, f"month-{row.number}")
    asked = [f"pay out 200000 on {day} to the merchant" for day in terms]
    out = ["paid out 200000", "  disbursement: loan_principal 200000, bank -200000"]
    assert told == [asked[0], *out, asked[1], *out, asked[2], *out]
    assert teller.loan.status is Status.CLOSED
    # all interest: 21,000 of the first, 11,328 of the other five, 8,865 of the last six
    assert teller.balances() == {"bank": 41_193, "interest_receivable": -41_193}
    hold(teller)


def test_a_part_of_the_tuition_that_comes_late_bears_interest_from_then_on() -> None:
    """6,000 yuan at 6 % over 24 months in two parts: the second is put off once, and leaves twelve days late."""
    teller = Teller(today=date(2026, 3, 2))
    later = (PlannedTranche(on=date(2026, 9, 2), amount=200_000),)
    teller.opens(
        "education-study", 600_000, 24, "0.06", options=LoanOptions(tranches=later, order_reference="TUITION-2026")
    )
    teller.is_paid_out()
    # half a percent a month: 2,000 six times, 3,000 seven times
    assert teller.loan.instalments[12].interest == 6 * 2_000 + 7 * 3_000
    teller.lives_until(date(2026, 9, 2))
    assert tale(teller.is_not_paid_out(1, retryable=True)) == ["pay out 200000 on 2026-09-02 to the merchant"]
    teller.lives_until(date(2026, 9, 14))
    assert tale(teller.is_paid_out(1)) == [
        "paid out 200000",
        "rescheduled for tranche over 24; owed 600000 of 649279",
        "  disbursement: loan_principal 200000, bank -200000",
    ]
    # the month of September: 2,000 on the first part; on the second 18 days of 30: 600
    assert teller.loan.instalments[12].interest == 6 * 2_000 + 2_600 + 6 * 3_000
    # the interest of the first twelve months, and twelve level payments
    level = table(600_000, Fraction(1, 200), 12)
    assert 6 * 2_000 + 2_600 + 5 * 3_000 + sum(map(sum, level)) == 649_279
    hold(teller)
