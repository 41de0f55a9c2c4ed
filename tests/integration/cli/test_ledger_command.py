"""`lendstream ledger verify`: what finance can check with the topic alone."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from integration.cli.conftest import Broker, Lendstream, in_json
from lendstream.envelope import Record, encode
from lendstream.events.ledger import JournalKind, JournalLine, JournalPosted
from lendstream.journal_chain import START, Chain, link

NOW = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
DAY = date(2026, 3, 2)
LOANS = (UUID("5e0c6f3c-7a53-5f7e-8f52-bb6a0c3b1a01"), UUID("5e0c6f3c-7a53-5f7e-8f52-bb6a0c3b1a02"))


def records(loan_id: UUID, count: int) -> list[Record]:
    """The records of a loan's first journals."""
    made: list[Record] = []
    chain, lines = START, (("1002", 100), ("1303", -100))
    for number in range(1, count + 1):
        kind, reference = JournalKind.REPAYMENT, f"payment {number}"
        id_, hash_ = link(chain, str(loan_id), kind, "CNY", DAY, DAY, lines, loan_id, "cash-small", reference)
        journal = JournalPosted(
            book=str(loan_id),
            number=number,
            journal_id=id_,
            kind=kind,
            loan_id=loan_id,
            product="cash-small",
            currency="CNY",
            value_date=DAY,
            posted_on=DAY,
            lines=tuple(JournalLine(account=account, amount=amount) for account, amount in lines),
            reference=reference,
            previous_hash=chain.head,
            hash=hash_,
        )
        made.append(encode(journal, id=str(uuid4()), source="lendstream/servicing", time=NOW))
        chain = Chain(number, hash_)
    return made


def changed(record: Record, **fields: object) -> Record:
    return replace(record, value=json.dumps(json.loads(record.value or b"") | fields).encode())


def test_books_as_published_hold(lendstream: Lendstream, broker: Broker) -> None:
    first, second = records(LOANS[0], 3), records(LOANS[1], 2)
    broker.send([*first[:2], *second, *first])  # the first two come twice, as after a crash of the relay
    assert in_json(lendstream("ledger", "verify", "--json")) == {
        "sound": True,
        "books": 2,
        "journals": 5,
        "breaks": [],
    }
    assert "2 books, 5 journals: sound." in lendstream("ledger", "verify").output


def test_the_first_break_of_each_book_is_told(lendstream: Lendstream, broker: Broker) -> None:
    first, second = records(LOANS[0], 3), records(LOANS[1], 3)
    broker.send([first[0], changed(first[1], reference="another"), first[2], second[0], second[2]])
    result = lendstream("ledger", "verify", "--json")
    assert result.exit_code == 1
    found = {each["book"]: (each["number"], each["reason"]) for each in json.loads(result.stdout)["breaks"]}
    assert found == {str(LOANS[0]): (2, "changed"), str(LOANS[1]): (3, "gap")}
    shown = lendstream("ledger", "verify")
    assert shown.exit_code == 1
    assert f"{LOANS[0]}, journal 2: changed" in shown.output


def test_what_is_no_journal_or_has_another_key_is_told(lendstream: Lendstream, broker: Broker) -> None:
    first, second = records(LOANS[0], 1), records(LOANS[1], 1)
    broker.send([replace(first[0], key=b"another"), replace(second[0], value=b"{}")])
    result = lendstream("ledger", "verify", "--json")
    assert {(each["book"], each["reason"]) for each in json.loads(result.stdout)["breaks"]} == {
        (str(LOANS[0]), "malformed"),
        (str(LOANS[1]), "malformed"),
    }
