"""The summary and the story, told from the topics without a direct identifier."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from lendstream.catalogue import load
from lendstream.envelope import encode
from lendstream.events.application import ApplicationReceived
from lendstream.events.decision import Outcome
from lendstream.events.intake import ApplicationSubmitted
from lendstream.events.loan import (
    Bucket,
    Classification,
    DelinquencyChanged,
    LoanChargedOff,
    LoanDisbursed,
    LoanOpened,
    PaymentApplied,
    PaymentUndone,
)
from lendstream_simulator import picture, portfolio
from lendstream_simulator.audit import audit
from lendstream_simulator.facts import Facts
from lendstream_simulator.report import print_report
from lendstream_simulator.story import choose, money, timeline
from unit.simulator.played import story


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts.of(story().records)


@pytest.fixture(scope="module")
def printed(facts: Facts) -> str:
    text = StringIO()
    print_report(Console(file=text, width=200), facts, audit(story().records, story().deliveries()))
    return text.getvalue()


def test_the_funnel_narrows(facts: Facts) -> None:
    found = dict(picture.funnel(facts))
    assert found["received"] == found["approved"] + found["declined"]
    ended = found["withdrawn"] + found["offers expired"] + found["offers accepted"]
    assert found["offers made"] == ended
    assert found["offers accepted"] == found["loans opened"] == found["paid out"]
    assert found["closed"] > 0


def test_reasons_are_counted_in_both_languages(facts: Facts) -> None:
    found = picture.reasons(facts)
    assert [(outcome, reason.code) for outcome, reason, _ in found] == [
        (Outcome.APPROVED, "OK"),
        (Outcome.DECLINED, "AFFORDABILITY"),
    ]
    assert sum(count for _, _, count in found) == len(story().progress.outcomes)
    assert found[0][1].zh == "符合条件"


def test_the_book_is_what_the_loans_owe(facts: Facts) -> None:
    book = picture.book(facts)
    opened = {each.loan_id: each for each in facts.data(LoanOpened)}
    owed = {loan: each.principal for loan, each in opened.items()}
    told: list[PaymentApplied | PaymentUndone] = [*facts.data(PaymentApplied), *facts.data(PaymentUndone)]
    owed |= {each.loan_id: each.principal_outstanding for each in sorted(told, key=lambda each: each.sequence)}
    assert book.lent == sum(each.principal for each in opened.values())
    given_up = {each.loan_id for each in facts.data(LoanChargedOff)}
    assert book.outstanding == sum(amount for loan, amount in owed.items() if loan not in given_up)
    assert book.open + book.closed + book.charged_off == len(opened)
    assert book.buckets[Bucket.CURRENT].overdue > 0  # the script tells of no buckets


def test_messages(facts: Facts) -> None:
    found = picture.messages(facts)
    assert found.sent == {("education_first_loan", "mail"): len(story().progress.loans)}
    assert found.cancelled["reminder_before_due"] > 0
    assert not found.skipped


def test_the_borrower_missed_an_instalment_and_paid_it(facts: Facts) -> None:
    customer = choose(facts)
    assert customer is not None
    lines = list(timeline(facts, customer))
    told = [each.event for each in lines]
    missed = next(number for number, each in enumerate(lines) if each.event == "InstalmentOverdue")
    instalment = lines[missed].text.partition(",")[0]
    assert any(each.event == "PaymentApplied" and f"{instalment} settled" in each.text for each in lines[missed:])
    assert told[0] == "ApplicationSubmitted"
    assert told.index("ApplicationDecided") < told.index("OfferMade") < told.index("LoanOpened")
    days = [each.day for each in lines if each.day is not None]
    assert days == sorted(days)


def test_nobody_is_named(facts: Facts, printed: str) -> None:
    identities = [
        each.data.identity.model_dump() for each in facts.every if isinstance(each.data, ApplicationSubmitted)
    ]
    assert len(identities) > 50
    for identity in identities:
        for field in ("name", "identity_number", "mobile", "email"):
            assert not identity[field] or identity[field] not in printed


def test_the_report_shows_every_part(printed: str) -> None:
    for part in (
        "From submission to loan",
        "Decisions by reason",
        "Rejections by reason",
        "Products",
        "Ways of repaying",
        "The book",
        "The book by class",
        "Direct debits",
        "Out of the ordinary",
        "The ledger: trial balance",
        "cash at bank",
        "Messages",
        "Dead letters",
        "Seconds from submission",
        "One borrower's story",
        "The books",
        "nothing lost, nothing doubled",
        "还款压力过大",
    ):
        assert part in printed


def test_a_report_of_nothing() -> None:
    text = StringIO()
    print_report(Console(file=text, width=120), Facts.of([]), audit([]))
    assert "none" in text.getvalue()


@pytest.mark.parametrize(("amount", "shown"), [(0, "CNY 0.00"), (5, "CNY 0.05"), (128_050, "CNY 1,280.50")])
def test_money(amount: int, shown: str) -> None:
    assert money(amount, "CNY") == shown


def test_products_and_methods_add_up(facts: Facts) -> None:
    products, methods = portfolio.products(facts), portfolio.methods(facts)
    assert sum(each.applications for each in products) == len(facts.data(ApplicationReceived))
    for lines in (products, methods):
        assert sum(each.loans for each in lines) == len(facts.data(LoanDisbursed))
        assert sum(each.volume for each in lines) == picture.book(facts).lent
    assert {each.name for each in methods} == {load().product(each.name).method for each in products}
    assert all(each.apr is None or Decimal(0) <= each.apr < Decimal("0.4") for each in products)


def test_debits_are_collected_or_failed(facts: Facts) -> None:
    found = portfolio.collections(facts)
    assert found.collected + sum(found.failed.values()) == found.ordered
    assert 0 < found.collected_by_retry <= found.retried < found.ordered
    assert found.collected_amount > 0


def test_the_trial_balance_balances(facts: Facts) -> None:
    debits, credits_, debit_balances, credit_balances = portfolio.totals(portfolio.trial_balance(facts))
    assert debits == credits_ > debit_balances == credit_balances > 0


def test_what_is_out_of_the_ordinary_is_told(facts: Facts) -> None:
    told = {what: (number, amount) for what, number, amount in portfolio.happenings(facts)}
    assert told["payments reversed and undone"][0] == len(facts.data(PaymentUndone))
    assert told["early repayment: return"][0] == told["closed: returned"][0] == 1
    assert told["loans charged off"][1] > 0
    assert told["refunds paid"][1] > 0
    assert "recoveries" not in told


def test_the_timeline_tells_every_event_of_a_loan_in_words(facts: Facts) -> None:
    customers = {each.customer_id for each in facts.data(LoanOpened)}
    lines = [line for customer in customers for line in timeline(facts, customer)]
    silent = {line.event for line in lines if not line.text} - {"NotificationSkipped"}
    assert silent == set()
    told = {line.event for line in lines}
    assert {
        "PaymentRequested",
        "PaymentUndone",
        "LoanReopened",
        "RefundPaid",
        "LoanChargedOff",
        "JournalPosted",
    } <= told


def test_classes_of_quality_are_told_where_servicing_tells_them(facts: Facts) -> None:
    assert portfolio.classes(facts) == {}
    each = facts.data(LoanOpened)[0]
    changed = DelinquencyChanged(
        loan_id=each.loan_id, customer_id=each.customer_id, sequence=99, previous=Bucket.CURRENT, bucket=Bucket.M2,
        days_past_due=31, overdue_amount=1, currency="CNY", as_of=date(2026, 5, 1),
        classification=Classification.SPECIAL_MENTION,
    )  # fmt: skip
    told = encode(changed, id="x", source="test", time=datetime.now(UTC))
    found = portfolio.classes(Facts.of([*story().records, told]))
    assert found[Classification.SPECIAL_MENTION][0] == 1
    assert sum(loans for loans, _ in found.values()) == picture.book(facts).open
