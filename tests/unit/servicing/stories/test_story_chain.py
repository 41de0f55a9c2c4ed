"""Corrections: payments that bounce, turn up late, or were never meant for this loan.

After each step the loan must be what an officer would write on a new card, with every payment that still counts in
the order of its value date. The card (`by_hand`) knows nothing of the platform.
"""

from datetime import date
from fractions import Fraction

from lendstream.events.loan import PaymentReallocated
from lendstream_servicing.domain.loan import Status
from unit.servicing import loans
from unit.servicing.audits import hold
from unit.servicing.stories.by_hand import Card, table
from unit.servicing.stories.tale import tale
from unit.servicing.teller import Teller

MONTH = Fraction(15, 1000)
"""18 % a year."""


class _Desk:
    """A teller, and an officer beside him who keeps the payments on slips of paper."""

    def __init__(self, amount: int, tenor: int) -> None:
        self.teller = Teller(today=date(2026, 3, 2))
        self.teller.opens("cash-small", amount, tenor, "0.18")
        self.teller.is_paid_out()
        days = [row.due_date for row in self.teller.loan.instalments]
        self.rows = [(day, *row) for day, row in zip(days, table(amount, MONTH, tenor), strict=True)]
        self.slips: dict[str, tuple[date, int]] = {}
        self.amount = amount

    def pays(self, name: str, amount: int, of: date | None = None) -> list[str]:
        self.slips[name] = (of or self.teller.today, amount)
        return self._checked(tale(self.teller.receives(amount, name, of=of)))

    def bounces(self, name: str) -> list[str]:
        del self.slips[name]
        return self._checked(tale(self.teller.takes_back(name)))

    def _checked(self, told: list[str]) -> list[str]:
        card = Card(self.rows, Fraction(24, 100), 3)
        left = sum(card.pay(amount, on) for on, amount in sorted(self.slips.values()))
        card.until(self.teller.today)
        loan = loans.on_day(self.teller.loan, self.teller.today)
        assert card.owed() == [
            (row.penalty - row.penalty_paid, row.interest - row.interest_paid, row.principal - row.principal_paid)
            for row in loan.instalments
        ]
        assert loan.credit == left
        # every payment that counts is in the bank, and what is owed of principal is on the loan's account
        books = self.teller.balances()
        assert books["bank"] == sum(amount for _, amount in self.slips.values()) - self.amount
        assert books.get("loan_principal", 0) == sum(principal for _, _, principal in card.owed())
        assert books.get("penalty_income", 0) == -sum(card.penalty_paid)
        hold(self.teller)
        return told


def test_twelve_payments_two_bounce_and_one_is_found_later() -> None:
    """12,000 yuan at 18 % over a year: 110,016 fen a month, the last 110,019."""
    desk = _Desk(1_200_000, 12)
    teller = desk.teller
    assert [principal + interest for _, principal, interest in desk.rows] == [110_016] * 11 + [110_019]
    for month in (1, 2, 3, 4):
        teller.lives_until(desk.rows[month - 1][0])
        if month != 2:
            told = desk.pays(f"pay-{month}", 110_016)
    # The second has not come. On 2 June 93,396 was overdue for 31 days: 1,930.2; on 2 July 1,930 of principal for 30
    # days more: 38.6; and 94,797 for 30 days: 1,895.9.
    assert told == [
        (
            "payment pay-4 110016: #2 penalty 39 principal 1930 settled, #3 penalty 1896 interest 15219 principal "
            "90932; owed 923656 of 994012"
        ),
        "M3 -> M1: 3865 late 30 days",
        "  repayment: bank 110016, loan_principal -92862, interest_receivable -15219, penalty_income -1935",
    ]
    teller.lives_until(desk.rows[4][0])
    desk.pays("pay-5", 110_016)

    teller.lives_until(date(2026, 8, 5))
    # without it, August's payment settles what July's had: 1,930 for 61 days, 94,797 for 61: 79 and 3,855
    assert desk.bounces("pay-4") == [
        (
            "undone pay-4 110016: #2 penalty 39 principal 1930 settled, #3 penalty 1896 interest 15219 principal "
            "90932; owed 925655 of 998204"
        ),
        (
            "moved pay-5: #3 penalty 80 principal 3865 settled, #4 penalty 1989 interest 13797 principal 90285 -> "
            "#2 penalty 79 principal 1930 settled, #3 penalty 3855 interest 15219 principal 88933"
        ),
        "M2 -> M3: 228089 late 64 days",
        "  reversal: loan_principal 92862, interest_receivable 15219, penalty_income 1935, bank -110016",
        "  reallocation: loan_principal 3287, interest_receivable -1422, penalty_income -1865",
    ]
    teller.lives_until(desk.rows[5][0])
    desk.pays("pay-6", 110_016)

    # The second payment had come to another branch on its day: three payments count differently. Owed now: of the
    # fifth instalment 4,048, seven more as scheduled.
    told = desk.pays("pay-2", 110_016, of=date(2026, 5, 2))
    assert told[:5] == [
        "moved pay-3: #2 penalty 1930 interest 16620 principal 91466 -> #3 interest 15219 principal 94797 settled",
        (
            "moved pay-5: #2 penalty 79 principal 1930 settled, #3 penalty 3855 interest 15219 principal 88933 -> "
            "#4 penalty 1989 interest 13797 principal 94230"
        ),
        (
            "moved pay-6: #3 penalty 121 principal 5864 settled, #4 penalty 3977 interest 13797 principal 86257 -> "
            "#4 penalty 41 principal 1989 settled, #5 penalty 2018 interest 12354 principal 93614"
        ),
        "payment pay-2 110016: #2 interest 16620 principal 93396 settled; owed 729958 of 774163",
        "M3 -> M2: 4048 late 31 days",
    ]
    for month in (7, 8):
        teller.lives_until(desk.rows[month - 1][0])
        desk.pays(f"pay-{month}", 110_016)
    desk.bounces("pay-8")
    for month in (9, 10, 11, 12):
        teller.lives_until(desk.rows[month - 1][0])
        desk.pays(f"pay-{month}", desk.rows[month - 1][1] + desk.rows[month - 1][2])

    # two payments are missing: what they were to settle, late, with all the penalty interest since
    teller.lives_until(date(2027, 3, 10))
    owed = loans.on_day(teller.loan, teller.today).total_outstanding
    assert owed == 247_213
    assert desk.pays("rest", owed) == [
        (
            "payment rest 247213: #10 penalty 128 principal 23909 settled, #11 penalty 2563 interest 3228 principal "
            "106788 settled, #12 penalty 578 interest 1626 principal 108393 settled; owed 0 of 0"
        ),
        "M3 -> current: 0 late 0 days",
        "closed: repaid on 2027-03-10, credit 0",
        "  repayment: bank 247213, loan_principal -239090, interest_receivable -4854, penalty_income -3269",
    ]
    # in: nine of 110,016, one of 110,019 and the rest; interest as scheduled, and the penalties
    assert 9 * 110_016 + 110_019 + 247_213 - 1_200_000 == 147_376 == 120_195 + 27_181
    assert teller.balances() == {"bank": 147_376, "interest_receivable": -120_195, "penalty_income": -27_181}


def test_ten_corrections_one_upon_the_other() -> None:
    """6,000 yuan at 18 % over six months, 105,315 a month."""
    desk = _Desk(600_000, 6)
    teller = desk.teller

    def on(month: int, day: int) -> None:
        teller.lives_until(date(2026, month, day))

    on(4, 2)
    desk.pays("april", 105_315)
    on(5, 20)
    desk.pays("may", 105_315)  # 18 days late
    on(5, 25)
    assert desk.bounces("april")[:3] == [
        # May's payment settles April now, 48 days late: 96,315 * 0.24 * 48 / 360 = 3,082. Owed now: 631,890 and that,
        # less 105,315; 23 days on May's 97,760, 1,499; five on April's last 3,082: 10.
        "undone april 105315: #1 interest 9000 principal 96315 settled; owed 506767 of 531166",
        "#1 overdue 105315",
        "moved may: #2 penalty 1173 interest 7555 principal 96587 -> #1 penalty 3082 interest 9000 principal 93233",
    ]
    on(5, 26)
    desk.pays("april-again", 105_315, of=date(2026, 4, 2))  # the channel's mistake: it had come in time
    on(6, 2)
    desk.pays("june", 105_315)
    on(6, 10)
    desk.bounces("may")
    on(6, 11)
    desk.pays("may-again", 105_315, of=date(2026, 5, 2))
    on(7, 2)
    desk.pays("july", 105_315)
    desk.pays("july-twice", 105_315)
    on(7, 5)
    desk.bounces("july-twice")
    on(7, 6)
    told = desk.pays("march", 50_000, of=date(2026, 3, 20))  # found at another branch: before all the others
    assert len(teller.all_of(PaymentReallocated)) >= 6
    # Each pays what the one before it no longer does: interest of 7,555 instead of 9,000 and so on. Owed: interest of
    # 1,556 with the last instalment, and 160,630 - 1,556.
    assert told == [
        (
            "moved april-again: #1 interest 9000 principal 96315 settled -> #1 principal 55315 settled, "
            "#2 interest 7555 principal 42445"
        ),
        (
            "moved june: #3 interest 6089 principal 99226 settled -> #3 principal 55315 settled, "
            "#4 interest 4600 principal 45400"
        ),
        (
            "moved may-again: #2 interest 7555 principal 97760 settled -> #2 principal 55315 settled, "
            "#3 interest 6089 principal 43911"
        ),
        (
            "moved july: #4 interest 4600 principal 100715 settled -> #4 principal 55315 settled, "
            "#5 interest 3090 principal 46910"
        ),
        "payment march 50000: #1 interest 9000 principal 41000; owed 159074 of 160630",
        "  reallocation: loan_principal -1445, interest_receivable 1445",
        "  reallocation: loan_principal -1489, interest_receivable 1489",
        "  reallocation: loan_principal -1466, interest_receivable 1466",
        "  reallocation: loan_principal -1510, interest_receivable 1510",
        "  repayment: bank 50000, loan_principal -41000, interest_receivable -9000",
    ]
    for month in (8, 9):
        on(month, 2)
        told = desk.pays(f"month-{month}", 105_315 if month == 8 else 55_315)
    assert told[1] == "closed: repaid on 2026-09-02, credit 0"
    assert teller.loan.status is Status.CLOSED
    # all as agreed in the end: the interest of the table, no penalty
    assert teller.balances() == {"bank": 31_890, "interest_receivable": -31_890}
