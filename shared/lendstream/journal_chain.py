"""How the journals of a book are linked, and how anyone can check that their past was not changed.

A journal's hash is SHA-256 over the journal as it stands in the record's value, `previous_hash` included and `hash`
left out, as canonical JSON (RFC 8785: names sorted, no white space, UTF-8, nothing escaped that need not be):

    {"book":"…","currency":"CNY","journal_id":"…","kind":"repayment","lines":[{"account":"1002","amount":100},…],
     "loan_id":null,"number":1,"posted_on":"2026-03-02","previous_hash":"000…","product":"cash-small",
     "reference":"payment pay_1","value_date":"2026-03-02"}

(without the line breaks). The hash before the first journal is 64 zeros. Readers of the topic need nothing else:
`Verifier` takes records' values in their order and names the first break of every book.
"""

import hashlib
import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from json.encoder import encode_basestring
from typing import Any, NamedTuple
from uuid import UUID

NO_HASH = "0" * 64
"""The hash before the first journal of a book."""

_NAMESPACE = UUID("c3f1a6de-52f7-5b1e-8a0d-6d5f7e0b9a42").bytes


class Chain(NamedTuple):
    """How far a book has come."""

    number: int
    """The number of its last journal; 0: it has none."""
    head: str
    """The hash of its last journal, in hexadecimal."""


START = Chain(0, NO_HASH)
"""A book without journals."""


class Break(NamedTuple):
    """The first place at which a book does not hold."""

    book: str
    number: int
    """The number of the journal at which it shows."""
    reason: str
    """gap, repeated, unlinked, changed, unbalanced, head or malformed."""
    detail: str
    """The same for people."""


def journal_id(book: str, number: int) -> UUID:
    """The id of a journal: a UUIDv5 of `<book>/<number>`."""
    digest = hashlib.sha1(_NAMESPACE + f"{book}/{number}".encode(), usedforsecurity=False).digest()
    return UUID(int=int.from_bytes(digest[:16], "big"), version=5)


def hash_of(value: Mapping[str, Any]) -> str:
    """The hash that a journal must have: of any record's value, with every field that is in it."""
    hashed = {name: each for name, each in value.items() if name != "hash"}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def link(
    previous: Chain,
    book: str,
    kind: str,
    currency: str,
    value_date: date,
    posted_on: date,
    lines: Sequence[tuple[str, int]],
    loan_id: UUID | str | None,
    product: str | None,
    reference: str,
) -> tuple[UUID, str]:
    """Id and hash of the book's next journal: `hash_of` for the hot path, its text written out field by field.

    `lines` are account and amount, positive for a debit. Only book and reference may hold what JSON escapes.
    """
    number = previous.number + 1
    id_ = journal_id(book, number)
    written = ",".join([f'{{"account":"{account}","amount":{amount}}}' for account, amount in lines])
    text = (
        f'{{"book":{encode_basestring(book)},"currency":"{currency}","journal_id":"{id_}","kind":"{kind}",'
        f'"lines":[{written}],"loan_id":{_quoted(loan_id)},"number":{number},"posted_on":"{posted_on}",'
        f'"previous_hash":"{previous.head}","product":{_quoted(product)},'
        f'"reference":{encode_basestring(reference)},"value_date":"{value_date}"}}'
    )
    return id_, hashlib.sha256(text.encode()).hexdigest()


def _quoted(value: object) -> str:
    return "null" if value is None else f'"{value}"'


def check(previous: Chain, value: Mapping[str, Any]) -> Break | None:
    """Whether a journal follows `previous` in its book, is unchanged and balanced; None if so."""
    book, number = value["book"], value["number"]
    if number != previous.number + 1:
        reason = "gap" if number > previous.number else "repeated"
        return Break(book, number, reason, f"journal {previous.number + 1} was expected")
    if value["previous_hash"] != previous.head:
        return Break(book, number, "unlinked", "previous_hash is not the hash of the journal before it")
    if value["hash"] != hash_of(value):
        return Break(book, number, "changed", "hash is not that of the journal: it, or one before it, was changed")
    if difference := sum(line["amount"] for line in value["lines"]):
        return Break(book, number, "unbalanced", f"debits and credits differ by {difference}")
    return None


@dataclass
class _Seen:
    """What is remembered of a book."""

    chain: Chain = START
    prefixes: "array[int]" = field(default_factory=lambda: array("Q"))
    """The first eight bytes of each hash: they tell a record sent twice from another one of the same number."""


@dataclass
class Verifier:
    """Checks journals of many books, those of a book in their order; about 300 bytes a book and 8 a journal.

    The same journal again (a record sent twice) is no break; another one of the same number is.
    """

    books: int = 0
    """Books seen."""
    journals: int = 0
    """Journals seen, repetitions left out."""
    breaks: dict[str, Break] = field(default_factory=dict)
    """The first break of each book that has one; what follows it in the book is not looked at."""
    _seen: dict[str, _Seen] = field(default_factory=dict, repr=False)

    def take(self, value: Mapping[str, Any]) -> Break | None:
        """The next journal, as a record's value; a break if it is its book's first."""
        book = value["book"]
        if book in self.breaks:
            return None
        seen = self._seen.get(book)
        if seen is None:
            seen = self._seen[book] = _Seen()
            self.books += 1
        if 0 < value["number"] <= seen.chain.number:
            return self._noted(self._repeated(seen, value))
        if found := check(seen.chain, value):
            return self._noted(found)
        self.journals += 1
        seen.chain = Chain(value["number"], value["hash"])
        seen.prefixes.append(int(value["hash"][:16], 16))
        return None

    def fail(self, book: str, number: int, reason: str, detail: str) -> Break | None:
        """Note a break that shows elsewhere, unless the book has one already."""
        return None if book in self.breaks else self._noted(Break(book, number, reason, detail))

    def chain_of(self, book: str) -> Chain:
        """How far a book has come."""
        seen = self._seen.get(book)
        return START if seen is None else seen.chain

    def _noted(self, found: Break | None) -> Break | None:
        if found is not None:
            self.breaks[found.book] = found
        return found

    @staticmethod
    def _repeated(seen: _Seen, value: Mapping[str, Any]) -> Break | None:
        number = value["number"]
        if value["hash"] == hash_of(value) and int(value["hash"][:16], 16) == seen.prefixes[number - 1]:
            return None
        return Break(value["book"], number, "repeated", "the number has two different journals")
