"""Whether the databases say the same as the topics. The topics alone are the simulator's audit's business."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import asyncpg

from lendstream.events.application import ApplicationReceived
from lendstream.events.loan import LoanEvent, LoanOpened, PaymentApplied
from lendstream.events.notification import NotificationFailed, NotificationSent, NotificationSkipped
from lendstream.events.payment import PaymentReceived
from lendstream_local.platform import WITH_DATABASE
from lendstream_simulator.facts import Facts
from lendstream_simulator.findings import Fault, Finding
from lendstream_simulator.lives import Life, lives


@dataclass(frozen=True)
class Books:
    """What the databases say, as plain sets and figures."""

    applications: frozenset[str]
    loans: Mapping[str, tuple[int, int]]
    """Per opened loan: the sequence of its last event, principal outstanding."""
    payments: Mapping[str, bool]
    """Per payment: whether it was applied; else it is in suspense."""
    messages: Mapping[str, str]
    """Per message key: its state."""


async def read_books(dsn: Callable[[str], str]) -> Books:
    """Read them; `dsn` gives each service's database."""
    found = {name: await asyncpg.connect(dsn(name)) for name in WITH_DATABASE}
    try:
        applications = await found["application"].fetch("SELECT application_id FROM application")
        loans = await found["servicing"].fetch(
            "SELECT id, sequence, principal_outstanding FROM loan WHERE status <> 'awaiting'"
        )
        payments = await found["servicing"].fetch(
            "SELECT id AS payment_id, applied_on IS NOT NULL AS applied FROM entry WHERE kind = 'payment'"
        )
        messages = await found["notifications"].fetch("SELECT message_key, state FROM message")
        return Books(
            frozenset(str(row["application_id"]) for row in applications),
            {str(row["id"]): (row["sequence"], row["principal_outstanding"]) for row in loans},
            {row["payment_id"]: row["applied"] for row in payments},
            {row["message_key"]: row["state"] for row in messages},
        )
    finally:
        for connection in found.values():
            await connection.close()


async def pending(dsn: Callable[[str], str]) -> dict[str, int]:
    """What is still under way: rows in the outboxes, messages not yet finished, days not yet closed."""
    left: dict[str, int] = {}
    for name in WITH_DATABASE:
        connection = await asyncpg.connect(dsn(name))
        try:
            left[f"{name} outbox"] = await connection.fetchval("SELECT count(*) FROM outbox")
            left[f"{name} days"] = await connection.fetchval(
                "SELECT count(*) FROM business_day WHERE closed_at IS NULL"
            )
            if name == "notifications":
                left["messages"] = await connection.fetchval(
                    "SELECT count(*) FROM message WHERE state IN ('queued', 'sending')"
                )
        finally:
            await connection.close()
    return {what: count for what, count in left.items() if count}


def compare(facts: Facts, books: Books) -> list[Finding]:
    """Every difference between topics and databases."""
    return [
        *_same(
            "an application row each",
            {str(e.application_id) for e in facts.data(ApplicationReceived)},
            books.applications,
        ),
        *_same("a loan row each", {str(e.loan_id) for e in facts.data(LoanOpened)}, books.loans),
        *_same("a payment row each", _acceptable(facts), books.payments.keys() - _foreign(facts)),
        *_same("an applied payment each", {e.payment_id for e in facts.data(PaymentApplied)}, _true(books.payments)),
        *_loans(facts, books),
        *_messages(facts, books),
    ]


def _same(what: str, told: Iterable[str], kept: Iterable[str]) -> list[Finding]:
    told, kept = set(told), set(kept)
    return [Finding(Fault.LOST, f"{what}: in the topics only", key) for key in sorted(told - kept)] + [
        Finding(Fault.UNFOUNDED, f"{what}: in the database only", key) for key in sorted(kept - told)
    ]


def _foreign(facts: Facts) -> set[str]:
    """Payments in another currency than their loan's: in the dead letters or in suspense, as servicing has it."""
    currency = {each.loan_id: each.currency for each in facts.data(LoanOpened)}
    received = facts.data(PaymentReceived)
    return {each.payment_id for each in received if currency.get(each.loan_id, each.currency) != each.currency}


def _acceptable(facts: Facts) -> set[str]:
    return {each.payment_id for each in facts.data(PaymentReceived)} - _foreign(facts)


def _true(flags: Mapping[str, bool]) -> set[str]:
    return {key for key, flag in flags.items() if flag}


def _loans(facts: Facts, books: Books) -> Iterable[Finding]:
    last: dict[str, int] = {}
    for envelope in facts.every:
        if isinstance(envelope.data, LoanEvent):
            loan = str(envelope.data.loan_id)
            last[loan] = max(last.get(loan, 0), envelope.data.sequence)
    owed = {str(loan): _scheduled(life) for loan, life in lives(facts).items()}
    for loan, (sequence, principal) in books.loans.items():
        if last.get(loan) != sequence:
            yield Finding(Fault.WRONG, "the last event of a loan", f"{loan}: {last.get(loan)} told, {sequence} kept")
        told = owed.get(loan, 0)
        if told != principal:
            yield Finding(Fault.WRONG, "a loan's principal", f"{loan}: {told} told, {principal} kept")


def _scheduled(life: Life) -> int:
    """The principal that is owed, or is to be once the first payout arrives: tranches are owed from theirs on."""
    opened = life.opened
    if opened is None or life.payouts or opened.limit:
        return life.owed
    return opened.principal - (sum(each.amount for each in opened.options.tranches) if opened.options else 0)


def _messages(facts: Facts, books: Books) -> Iterable[Finding]:
    told = {
        state: {event.message_key for event in facts.data(kind)}
        for state, kind in (
            ("sent", NotificationSent),
            ("failed", NotificationFailed),
            ("skipped", NotificationSkipped),
        )
    }
    for state in ("sent", "failed"):
        kept = {key for key, now in books.messages.items() if now == state}
        yield from _same(f"a message {state}", told[state], kept)
