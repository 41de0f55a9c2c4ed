"""What a loan owes by its events: replayed as the customer owes it, and as the books have it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from lendstream.envelope import encode
from lendstream.events import loan
from lendstream.events.base import Event
from lendstream.events.payment import PaymentReceived
from lendstream_simulator.accounts import Account
from lendstream_simulator.checks.corrections import changes, waivers
from lendstream_simulator.checks.owed import charge_offs, closings, statements
from lendstream_simulator.checks.payments import payments
from lendstream_simulator.checks.refunds import within_credit
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Finding
from lendstream_simulator.lives import Life, lives
from lendstream_simulator.portfolio import happenings
from lendstream_simulator.scripts import Habit, Script

DAY = date(2026, 3, 2)
LOAN, CUSTOMER = UUID(int=1), UUID(int=2)
ROWS = tuple(
    {"number": number, "due_date": due, "principal": 100_000, "interest": 5_000, "fee": 0}
    for number, due in ((1, date(2026, 4, 2)), (2, date(2026, 5, 2)))
)


class Told:
    """The events of one loan, one after the other."""

    def __init__(self, **opening: Any) -> None:
        self.events: list[loan.LoanEvent] = []
        self(
            loan.LoanOpened,
            **{
                "application_id": uuid4(), "partner": "phone-shop", "reference": "R1", "product": "cash-small",
                "product_version": 1, "method": "equal_instalment", "principal": 200_000, "annual_rate": "0.18",
                "upfront_fee": 0, "instalments": ROWS, "engine": "1", "opened_on": DAY, "interest_from": DAY,
                "submitted_at": datetime.now(UTC), **opening,
            },
        )  # fmt: skip

    def __call__(self, kind: type[loan.LoanEvent], **fields: Any) -> "Told":
        common = {"loan_id": LOAN, "customer_id": CUSTOMER, "sequence": len(self.events) + 1, "currency": "CNY"}
        self.events.append(kind.model_validate(common | fields))
        return self

    def disbursed(self, amount: int = 200_000, part: int = 0, principal: int | None = None) -> "Told":
        return self(
            loan.LoanDisbursed, disbursement_id=uuid4(), amount=amount, disbursed_on=DAY, bank_reference="BK1",
            part=part, principal=amount if principal is None else principal,
        )  # fmt: skip

    def applied(self, number: str, *parts: loan.Allocation, left: int, **fields: Any) -> "Told":
        amount = sum(each.principal + each.interest for each in parts) + fields.get("credit", 0)
        return self(
            loan.PaymentApplied,
            **{
                "payment_id": number, "amount": amount, "value_date": DAY, "allocations": parts, "credit": 0,
                "principal_outstanding": left, "total_outstanding": left, **fields,
            },
        )  # fmt: skip

    def life(self) -> Life:
        return lives(self.facts())[LOAN]

    def facts(self, *others: Event) -> Facts:
        at = datetime.now(UTC)
        told = [encode(each, id=str(uuid4()), source="test", time=at) for each in (*self.events, *others)]
        return Facts.of(told)


def part(instalment: int, principal: int, interest: int = 0, *, settled: bool = False) -> loan.Allocation:
    return loan.Allocation(instalment=instalment, principal=principal, interest=interest, settled=settled)


def what(findings: Sequence[Finding] | Any) -> set[str]:
    return {each.what for each in findings}


def reallocated(told: Told, number: str, before: loan.Allocation, now: loan.Allocation) -> Told:
    return told(
        loan.PaymentReallocated, payment_id=number, amount=now.principal + now.interest, value_date=DAY,
        cause="payment pay_2 of 2026-03-02", previous=(before,), allocations=(now,),
    )  # fmt: skip


def test_the_last_word_on_a_payment_holds() -> None:
    """Found late, an earlier payment takes the first instalment; the one applied before moves to the second."""
    told = Told().disbursed().applied("pay_1", part(1, 95_000, 5_000), left=105_000)
    told.applied("pay_2", part(1, 95_000, 5_000), left=10_000 - 5_000)
    reallocated(told, "pay_1", part(1, 95_000, 5_000), part(2, 100_000))
    life = told.life()
    assert life.owed == life.booked == 200_000 - 95_000 - 100_000
    assert life.stated_principal == life.owed
    assert list(changes(told.facts(), None)) == []
    assert list(statements(told.facts(), None)) == []


def test_a_reallocation_from_elsewhere_is_found() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 95_000, 5_000), left=105_000)
    reallocated(told, "pay_1", part(1, 96_000, 4_000), part(2, 100_000))
    reallocated(told, "pay_9", part(1, 100_000), part(2, 100_000))
    assert what(changes(told.facts(), None)) == {
        "a change begins where the payment counted",
        "a change of a payment that counts",
    }
    assert what(statements(told.facts(), None)) == {"the principal stated is the principal owed"}


def test_what_became_principal_is_owed_and_can_be_taken_back() -> None:
    told = Told().disbursed()
    relief = {
        "effective_on": DAY, "instalments": ROWS, "annual_rate": "0.12", "engine": "1",
        "capitalised_interest": 700, "capitalised_fee": 20, "capitalised_penalty": 3,
    }  # fmt: skip
    told(
        loan.LoanRescheduled, reason=loan.RescheduleReason.RESTRUCTURE, **relief, principal_outstanding=200_723,
        total_outstanding=210_000,
    )  # fmt: skip
    assert told.life().owed == told.life().booked == 200_723
    told(
        loan.LoanRescheduled, reason=loan.RescheduleReason.RESTRUCTURE_UNDONE, **relief,
        principal_outstanding=200_000, total_outstanding=210_000,
    )  # fmt: skip
    assert told.life().owed == 200_000
    assert list(statements(told.facts(), None)) == []
    assert ("relief given (arrears that became principal)", 1, 723) in happenings(told.facts())


def test_the_books_stop_at_a_charge_off_and_the_customer_does_not() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 50_000), left=150_000)
    told(
        loan.LoanChargedOff, principal=150_000, interest=0, fee=0, penalty=0, days_past_due=181, charged_off_on=DAY
    ).applied("pay_2", part(1, 50_000), left=100_000, recovery=True)
    life = told.life()
    assert (life.owed, life.booked, life.charged_off) == (100_000, 0, True)
    assert list(charge_offs(told.facts(), None)) == []
    assert list(statements(told.facts(), None)) == []
    assert ("recoveries", 1, 50_000) in happenings(told.facts())


def test_a_charge_off_that_leaves_something_is_found() -> None:
    told = Told().disbursed()
    told(loan.LoanChargedOff, principal=1, interest=0, fee=0, penalty=0, days_past_due=181, charged_off_on=DAY)
    assert what(charge_offs(told.facts(), None)) == {"a charge-off gives up all principal"}


def test_tranches_are_owed_as_they_are_paid_out() -> None:
    told = Told().disbursed(150_000)
    told.applied("pay_1", part(1, 10_000), left=140_000)
    assert told.life().owed == 140_000
    assert list(statements(told.facts(), None)) == []
    told.disbursed(50_000, part=1).applied("pay_2", part(1, 10_000), left=180_000)
    assert told.life().owed == 180_000
    assert list(statements(told.facts(), None)) == []


def test_what_was_found_late_says_nothing_of_today() -> None:
    """Its own statement is of its day, before what had been paid since."""
    told = Told().disbursed().applied("pay_2", part(1, 50_000), left=150_000, value_date=date(2026, 4, 20))
    told.applied("pay_1", part(2, 30_000), left=170_000, value_date=date(2026, 4, 2))
    assert told.life().owed == 120_000
    assert told.life().stated_principal is None
    assert list(statements(told.facts(), None)) == []


def test_a_refund_of_what_bounced_later_was_right() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 100_000), part(2, 100_000), left=0, credit=500)
    told(loan.LoanClosed, closed_on=DAY, credit=500)
    order = {"refund_id": uuid4(), "amount": 500}
    told(loan.RefundRequested, **order, refund_account="acct_1", requested_on=DAY)
    told(loan.RefundPaid, **order, paid_on=DAY, bank_reference="RF1")
    told(
        loan.PaymentUndone, payment_id="pay_1", amount=200_500, value_date=DAY, reason="recalled", undone_on=DAY,
        previous=(part(1, 100_000), part(2, 100_000)), previous_credit=500, principal_outstanding=200_000,
        total_outstanding=210_000,
    )  # fmt: skip
    assert list(within_credit(told.facts(), None)) == []
    told(loan.RefundRequested, refund_id=uuid4(), amount=1, refund_account="acct_1", requested_on=DAY)
    assert what(within_credit(told.facts(), None)) == {"refunds within the credit"}


def test_a_credit_line_may_owe_nothing_and_stay_open() -> None:
    paid = part(1, 100_000, settled=True)
    line = Told(limit=200_000, instalments=()).disbursed(100_000).applied("pay_1", paid, left=0)
    assert list(closings(line.facts(), None)) == []
    assert list(closings(Told().disbursed(100_000).applied("pay_1", paid, left=0).facts(), None)) == []  # tranches
    term = Told(principal=100_000).disbursed(100_000).applied("pay_1", paid, left=0)
    assert what(closings(term.facts(), None)) == {"a loan that owes nothing is closed"}


def test_a_loan_that_is_closed_while_something_is_owed_is_found() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 100_000), left=100_000)
    told(loan.LoanClosed, closed_on=DAY, credit=0)
    assert what(closings(told.facts(), None)) == {"a closed loan owes nothing"}


@pytest.mark.parametrize("same", [True, False])
def test_a_waiver_is_undone_as_it_was_granted(*, same: bool) -> None:
    waiver = {"waiver_id": uuid4(), "reason": loan.WaiverReason.COOLING_OFF}
    told = Told().disbursed()
    told(
        loan.AmountWaived, **waiver, waived_on=DAY, allocations=(part(1, 0, 5_000),), principal_outstanding=200_000,
        total_outstanding=205_000,
    )  # fmt: skip
    told(loan.WaiverUndone, **waiver, undone_on=DAY, allocations=(part(1, 0, 5_000 if same else 1),))
    expected = set() if same else {"a waiver is undone as it was granted"}
    assert what(waivers(told.facts(), None)) == expected
    assert told.life().owed == 200_000


def test_a_borrower_owes_what_bounced_again() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 100_000, 5_000, settled=True), left=100_000)
    told(
        loan.PaymentUndone, payment_id="pay_1", amount=105_000, value_date=DAY, reason="recalled", undone_on=DAY,
        previous=(part(1, 100_000, 5_000, settled=True),), principal_outstanding=200_000, total_outstanding=210_000,
    )  # fmt: skip
    account = Account(told.events[0], Script(Habit.ON_TIME, 2))  # type: ignore[arg-type]
    for event in (*told.events, *told.events):  # a redelivery changes nothing
        account.see(event)
    assert (account.open(1), account.open_in_all()) == (105_000, 210_000)


def test_what_the_lender_finds_unpaid_is_what_a_borrower_pays() -> None:
    told = Told().disbursed().applied("pay_1", part(1, 100_000, 5_000, settled=True), left=100_000)
    told(loan.InstalmentOverdue, instalment=1, due_date=date(2026, 4, 2), amount=1_500, as_of=date(2026, 4, 3))
    account = Account(told.events[0], Script(Habit.ON_TIME, 2))  # type: ignore[arg-type]
    for event in told.events:
        account.see(event)
    assert account.open(1) == 1_500


def test_a_payment_in_another_currency_is_owed_to_nobody() -> None:
    """It waits for a person: neither its application nor its absence is missed."""
    told = Told().disbursed()
    foreign = PaymentReceived(
        payment_id="pay_1", loan_id=LOAN, amount=1_000, currency="USD", value_date=DAY, channel="bank-transfer"
    )
    assert list(payments(told.facts(foreign), None)) == []
    told.applied("pay_1", part(1, 1_000), left=199_000)
    assert what(payments(told.facts(foreign), None)) == {"one application a payment"}
