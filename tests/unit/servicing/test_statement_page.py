"""The statement as a page: in both languages, of one piece, with nothing of what operators wrote."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from lendstream.catalogue import Due
from lendstream_servicing.domain import asked, operations
from lendstream_servicing.domain.loan import Loan
from lendstream_servicing.domain.statement import statement
from lendstream_servicing.statements import Language, page
from unit.servicing import desks, loans
from unit.servicing.desks import ask

NAME = loans.POLICY.product(loans.active()).name


def shown(loan: Loan, days: int, language: Language) -> str:
    day = loans.TODAY + timedelta(days=days)
    return page(loan, statement(loan, loans.TODAY, day, loans.POLICY), day, NAME, language)


@pytest.mark.parametrize(
    ("language", "title", "words"), [("zh", "贷款账户对账单", "小额"), ("en", "Loan account statement", "Small cash")]
)
def test_it_is_one_page_in_the_language_asked_for(language: Language, title: str, words: str) -> None:
    loan, _ = loans.pay(loans.active(), 123_456, "WX-1")
    text = shown(loan, 10, language)
    assert title in text
    assert words in text
    assert "1,234.56" in text
    assert "WX-1" in text
    assert not re.search(r"(src|href)=|url\(|@import|<script", text)


def test_what_a_partner_sent_is_text_and_what_operators_wrote_is_not_there() -> None:
    loan, day = desks.late(20)
    loan = replace(loan, contract=replace(loan.contract, reference="<b>&"))
    waiver = ask(asked.Waive, loan, parts=(Due.PENALTY,), up_to=100, reason="he cried")
    waived, _ = operations.waive(loan, waiver, day, loans.POLICY)
    off, _ = operations.charge_off(waived, ask(asked.ChargeOff, loan, reason="fraud"), day, loans.POLICY)
    assert isinstance(off, Loan)
    text = shown(off, (day - loans.TODAY).days, "en")
    assert "&lt;b&gt;&amp;" in text
    assert "Written off" in text
    for inside in ("cried", "fraud", "mei", str(waiver.command_id)):
        assert inside not in text


@pytest.mark.parametrize(("currency", "amount"), [("CNY", "6,000.00"), ("JPY", "600,000")])
def test_amounts_have_the_places_of_their_currency(currency: str, amount: str) -> None:
    loan = loans.active()
    loan = replace(loan, contract=replace(loan.contract, currency=currency))
    assert f">{amount}<" in shown(loan, 0, "zh")


def test_a_period_without_anything_says_so() -> None:
    loan = loans.active()
    day = loans.TODAY + timedelta(days=1)
    assert "本期没有交易" in page(loan, statement(loan, day, day, loans.POLICY), day, NAME, "zh")
