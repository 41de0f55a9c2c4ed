"""The books in double entry: every journal balances, every chain is whole, and the accounts say what the events say."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from lendstream.events.ledger import JournalPosted
from lendstream_simulator.chart import BANK, PRINCIPAL
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Deliveries, Fault, Finding, Rule, at_most_one
from lendstream_simulator.lives import lives
from lendstream_simulator.money import cash

NO_HASH = "0" * 64
"""What stands before the first journal of a chain."""


def journals(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """Each journal balances, has no empty line and is posted once."""
    posted = facts.data(JournalPosted)
    yield from at_most_one("one posting a journal", [each.journal_id for each in posted])
    for each in posted:
        about = f"journal {each.number} of {each.book}"
        if difference := sum(line.amount for line in each.lines):
            yield Finding(Fault.WRONG, "a journal balances", f"{about}: {difference} too much")
        if not all(line.amount for line in each.lines):
            yield Finding(Fault.WRONG, "a journal has no empty line", about)


def chains(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The journals of a book are numbered 1 to n in the topic's order, and each names the hash of the one before it."""
    books: dict[str, list[JournalPosted]] = defaultdict(list)
    for each in facts.data(JournalPosted):
        books[each.book].append(each)
    for book, members in books.items():
        numbers = [each.number for each in members]
        if missing := set(range(1, max(numbers) + 1)) - set(numbers):
            yield Finding(Fault.LOST, "chains without gaps", f"book {book}: {sorted(missing)}")
        if len(numbers) > len(set(numbers)):
            yield Finding(Fault.DOUBLED, "chains without doubles", f"book {book}")
        if numbers != sorted(numbers):
            yield Finding(Fault.WRONG, "chains in the topic's order", f"book {book}")
        hashes = {each.number: each.hash for each in members} | {0: NO_HASH}
        for each in members:
            if each.previous_hash != hashes.get(each.number - 1, each.previous_hash):
                yield Finding(Fault.WRONG, "chains are linked", f"book {book}: journal {each.number}")


def bank(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """The bank account moved by what came in and stayed, less payouts and refunds, in each currency of the books."""
    expected = cash(facts)
    booked = movements(facts, BANK)
    for currency in sorted(booked.keys() | expected.keys()):
        if booked[currency] != expected[currency]:
            about = f"{currency}: {booked[currency]} in the books, {expected[currency]} by the events"
            yield Finding(Fault.WRONG, "the bank account is what moved", about)


def principals(facts: Facts, _: Deliveries) -> Iterator[Finding]:
    """A loan's principal account is what was lent, less what was repaid, waived and given up, and what became of it."""
    booked: Counter[UUID] = Counter()
    for each in facts.data(JournalPosted):
        if each.loan_id is not None:
            booked[each.loan_id] += sum(line.amount for line in each.lines if line.account == PRINCIPAL)
    of = lives(facts)
    for loan in booked.keys() | of.keys():
        by_events = of[loan].booked if loan in of else 0
        if booked[loan] != by_events:
            about = f"loan {loan}: {booked[loan]} in the books, {by_events} by the events"
            yield Finding(Fault.WRONG, "a loan's principal account is what its events leave", about)


def movements(facts: Facts, account: str) -> Counter[str]:
    """By currency: what an account moved by."""
    found: Counter[str] = Counter()
    for each in facts.data(JournalPosted):
        found[each.currency] += sum(line.amount for line in each.lines if line.account == account)
    return found


LEDGER_RULES = tuple(Rule(check, "journals", (JournalPosted,)) for check in (journals, chains, bank, principals))
