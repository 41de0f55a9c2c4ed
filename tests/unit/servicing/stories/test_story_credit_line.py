"""A credit line: three draws, the last after everything was repaid."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from lendstream.catalogue import Catalogue, InterestOn, Product, load
from lendstream.events.loan import LoanRescheduled
from unit.servicing import loans
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import cents
from unit.servicing.stories.tale import schedule, tale
from unit.servicing.teller import Teller


def _interest(balance: int, days: int) -> int:
    """12.6 % by the day, of 360."""
    return cents(balance * Fraction(126, 1000) * Fraction(days, 360))


def _repays_until(teller: Teller, day: date) -> None:
    for row in teller.loan.instalments:
        if row.outstanding and row.due_date <= day:
            teller.lives_until(row.due_date)
            teller.receives(row.outstanding, f"month-{row.number}")
    teller.lives_until(day)


def test_a_credit_line_is_drawn_on_three_times() -> None:
    """1,000 yuan at first, up to 4,000; everything owed is spread anew with each draw."""
    product = load().product("credit-line")
    fields = {name: getattr(product, name) for name in Product.model_fields}
    scheduled = Product(**{**fields, "interest_on": InterestOn.SCHEDULE})
    policy = replace(loans.POLICY, catalogue=Catalogue({"credit-line": {1: scheduled}}))
    teller = Teller(policy, date(2026, 3, 2))
    teller.opens("credit-line", 100_000, 6, "0.126", limit=400_000)
    teller.is_paid_out()
    assert [row.interest for row in teller.loan.instalments[:2]] == [_interest(100_000, 31), 880]
    assert _interest(100_000 - 16_212, 30) == 880

    teller.lives_until(date(2026, 3, 20))
    assert tale(teller.draws(50_000, 6)) == ["pay out 50000 on 2026-03-20 to the customer"]
    assert tale(teller.is_paid_out(1)) == [
        "paid out 50000",
        "rescheduled for draw over 6; owed 150000 of 155354",
        "  disbursement: loan_principal 50000, bank -50000",
    ]
    rows = schedule(teller.all_of(LoanRescheduled)[-1])
    # 18 days of March's 31 on 100,000, 13 on 150,000; then by the days on what is left
    assert cents(Fraction(1_085 * 18, 31)) + _interest(150_000, 13) == 630 + 683 == rows[0][2]
    _adds_up(rows, 150_000, date(2026, 4, 2))
    assert {principal + interest for _, principal, interest, _ in rows[:-1]} == {25_892}

    _repays_until(teller, date(2026, 5, 10))
    teller.draws(80_000, 6)
    assert tale(teller.is_paid_out(2)) == [
        "paid out 80000",
        # two are repaid, six are to come
        "rescheduled for draw over 8; owed 180846 of 187470",
        "  disbursement: loan_principal 80000, bank -80000",
    ]
    rows = schedule(teller.all_of(LoanRescheduled)[-1])[2:]
    # 150,000 - 24,579 - 24,575 = 100,846; of its interest until June, 1,094, eight days of 31; and 23 days on 180,846
    assert cents(Fraction(1_094 * 8, 31)) + _interest(180_846, 23) == 282 + 1_456 == rows[0][2]
    _adds_up(rows, 180_846, date(2026, 6, 2))
    assert {principal + interest for _, principal, interest, _ in rows} == {31_245}

    _repays_until(teller, date(2026, 12, 1))
    assert "closed: repaid on 2026-11-02, credit 0" in tale(teller.published)
    teller.draws(60_000, 3)
    assert tale(teller.is_paid_out(3)) == [
        "paid out 60000",
        "rescheduled for draw over 11; owed 60000 of 61307",
        "owed again: 61307",
        "  disbursement: loan_principal 60000, bank -60000",
    ]
    rows = schedule(teller.all_of(LoanRescheduled)[-1])[8:]
    # the first on the loan's own day of the month that is at least half a month away
    assert [row[0] for row in rows] == ["2027-01-02", "2027-02-02", "2027-03-02"]
    assert rows[0][2] == _interest(60_000, 32) == 672
    _adds_up(rows, 60_000, date(2027, 1, 2))

    _repays_until(teller, date(2027, 3, 2))
    assert tale(teller.published)[-2] == "closed: repaid on 2027-03-02, credit 0"
    interest = sum(row.interest for row in teller.loan.instalments)
    assert interest == 1_313 + 1_317 + (1_738 + 1_589 + 1_320 + 996 + 646 + 335) + (672 + 437 + 198)
    assert teller.balances() == {"bank": interest, "interest_receivable": -interest}
    hold(teller)


def _adds_up(rows: list[tuple[str, int, int, int]], balance: int, start: date) -> None:
    """After the first, each interest is by the days on what is left; the principal repays the balance."""
    for due, principal, interest, _ in rows:
        day = date.fromisoformat(due)
        if day > start:
            assert interest == _interest(balance, (day - start).days)
        balance, start = balance - principal, day
    assert balance == 0
