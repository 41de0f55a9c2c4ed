"""Books are chained so that whatever is changed in their past shows."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lendstream.events.ledger import JournalKind, JournalPosted
from lendstream.journal_chain import NO_HASH, START, Chain, Verifier, hash_of
from lendstream_servicing.domain.books import Draft, chained, draft, product_book
from lendstream_servicing.domain.chart import Role
from unit.servicing import loans
from unit.servicing.ledgers import ACCOUNTS, DAY, SIMPLE_LINES

BOOK = str(loans.LOAN)


def drafts(*references: str) -> list[Draft]:
    return [each for text in references for each in draft(JournalKind.REPAYMENT, DAY, "CNY", text, *SIMPLE_LINES)]


def journals(*references: str, chain: Chain = START, book: str = BOOK) -> tuple[JournalPosted, ...]:
    of_loan: dict[str, Any] = {"loan_id": loans.LOAN} if book == BOOK else {}
    return chained(chain, book, drafts(*references), ACCOUNTS, DAY, **of_loan, product="cash-small")[1]


def as_values(posted: Iterable[JournalPosted]) -> list[dict[str, Any]]:
    """As records carry them."""
    return [json.loads(journal.model_dump_json()) for journal in posted]


def verified(values: Iterable[dict[str, Any]]) -> Verifier:
    verifier = Verifier()
    for value in values:
        verifier.take(value)
    return verifier


def test_journals_are_numbered_and_linked() -> None:
    first, second = journals("a", "b")
    assert (first.number, second.number) == (1, 2)
    assert first.previous_hash == NO_HASH
    assert second.previous_hash == first.hash
    assert [(line.account, line.amount) for line in first.lines] == [("1002", 100), ("1303", -100)]
    assert first.journal_id.version == 5
    assert first.journal_id != second.journal_id


def test_a_book_goes_on_where_it_ended() -> None:
    whole = journals("a", "b", "c")
    chain, begun = chained(START, BOOK, drafts("a"), ACCOUNTS, DAY, loan_id=loans.LOAN, product="cash-small")
    assert chain == Chain(1, begun[0].hash)
    assert (*begun, *journals("b", "c", chain=chain)) == whole
    assert chained(chain, BOOK, (), ACCOUNTS, DAY) == (chain, ())


def test_the_hash_is_as_documented_and_stays_so() -> None:
    """Readers rely on it for years: this text and this hash never change."""
    (journal,) = chained(START, product_book("cash-small", "CNY"), drafts('2026-03-02 "日终"\n'), ACCOUNTS, DAY)[1]
    text = (
        '{"book":"product:cash-small:CNY","currency":"CNY","journal_id":"' + str(journal.journal_id) + '",'
        '"kind":"repayment","lines":[{"account":"1002","amount":100},{"account":"1303","amount":-100}],'
        '"loan_id":null,"number":1,"posted_on":"2026-03-02","previous_hash":"' + "0" * 64 + '",'
        '"product":null,"reference":"2026-03-02 \\"日终\\"\\n","value_date":"2026-03-02"}'
    )
    assert journal.hash == hashlib.sha256(text.encode()).hexdigest()
    assert journal.hash == "4900fc4ecb8e45aecc632b614a03a9fc29e743f1b6b12556ae8f509a70f257c7"
    assert journal.journal_id == UUID("6b8a4294-a624-524b-993b-870242abb6f3")


@given(
    reference=st.text(st.characters(codec="utf-8"), max_size=200),
    book=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
    amount=st.integers(1, 2**53 - 1),
    on=st.dates(date(1, 1, 1)),
)
def test_any_journal_has_the_hash_of_its_record(reference: str, book: str, amount: int, on: date) -> None:
    lines = ((Role.BANK, amount), (Role.SUSPENSE, -amount))
    _, posted = chained(START, book, draft(JournalKind.SUSPENSE, on, "CNY", reference, *lines), ACCOUNTS, on)
    (value,) = as_values(posted)
    assert value["hash"] == hash_of(value)
    assert verified([value]).breaks == {}


def test_what_the_contract_does_not_carry_is_not_posted() -> None:
    huge = ((Role.BANK, 2**53), (Role.SUSPENSE, -(2**53)))
    with pytest.raises(ValidationError):
        chained(START, BOOK, draft(JournalKind.SUSPENSE, DAY, "CNY", "", *huge), ACCOUNTS, DAY)


def test_an_unchanged_book_holds() -> None:
    verifier = verified(as_values((*journals("a", "b"), *journals("c", book="product:x:CNY"))))
    assert (verifier.books, verifier.journals, verifier.breaks) == (2, 3, {})
    assert verifier.chain_of("product:x:CNY").number == 1


CHANGES: dict[str, Any] = {
    "book": "another",
    "number": 7,
    "journal_id": "00000000-0000-5000-8000-000000000000",
    "kind": "refund",
    "loan_id": None,
    "product": "another",
    "currency": "USD",
    "value_date": "2026-03-01",
    "posted_on": "2026-03-01",
    "lines": [{"account": "1002", "amount": 99}, {"account": "1303", "amount": -99}],
    "reference": "another",
    "previous_hash": "1" * 64,
    "hash": "1" * 64,
    "added": "later",
}


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_change_of_any_field_of_any_journal_shows(field: str, place: int) -> None:
    values = as_values(journals("a", "b", "c"))
    assert set(values[0]) | {"added"} == set(CHANGES)
    values[place][field] = CHANGES[field]
    assert verified(values).breaks


def rehashed(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Changed by somebody who knows how hashes are made."""
    changed = value | changes
    return changed | {"hash": hash_of(changed)}


def test_a_change_with_a_new_hash_shows_in_the_next_journal() -> None:
    first, second, third = as_values(journals("a", "b", "c"))
    (found,) = verified([first, rehashed(second, reference="x"), third]).breaks.values()
    assert (found.book, found.number, found.reason) == (BOOK, 3, "unlinked")


def test_a_journal_that_is_missing_shows() -> None:
    first, second, third = as_values(journals("a", "b", "c"))
    assert verified([first, third]).breaks[BOOK][1:3] == (3, "gap")
    assert verified([second, third]).breaks[BOOK][1:3] == (2, "gap")


def test_an_unbalanced_journal_shows_even_with_its_hash() -> None:
    (value,) = as_values(journals("a"))
    lines = [{"account": "1002", "amount": 100}, {"account": "1303", "amount": -99}]
    assert verified([rehashed(value, lines=lines)]).breaks[BOOK][1:3] == (1, "unbalanced")


def test_a_record_sent_twice_is_no_break_but_another_of_its_number_is() -> None:
    first, second, third = as_values(journals("a", "b", "c"))
    verifier = verified([first, second, first, second, third])
    assert (verifier.journals, verifier.breaks) == (3, {})
    assert verified([first, second, rehashed(first, reference="x")]).breaks[BOOK][1:3] == (1, "repeated")


def test_only_the_first_break_of_a_book_is_told() -> None:
    first, _, third = as_values(journals("a", "b", "c"))
    other = as_values(journals("x", book="product:x:CNY"))
    verifier = verified([first, third, rehashed(third, number=9), *other])
    assert [(each.book, each.number) for each in verifier.breaks.values()] == [(BOOK, 3)]
    assert verifier.fail(BOOK, 9, "head", "the book is said to end elsewhere") is None
    assert verifier.fail("product:x:CNY", 1, "head", "the book is said to end elsewhere")
