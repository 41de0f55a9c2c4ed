"""A small service to try the runtime with: it counts the money received for each loan.

It refuses an amount of 13, has a bug at 666, and its table takes no total above 1,000,000.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

from lendstream.envelope import Record, encode
from lendstream.errors import Refused
from lendstream.events.base import Command, Event
from lendstream.events.loan import PaymentApplied
from lendstream.events.payment import PaymentReceived
from lendstream.runtime.decider import Change, Context, DayStep, Decision, Route
from lendstream.runtime.sql import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
CUSTOMER = UUID(int=7)


@dataclass(frozen=True, slots=True)
class Till:
    """What came in for a loan."""

    loan_id: UUID
    total: int = 0
    payments: int = 0
    seen_on: date = date(2000, 1, 1)


class Tills:
    """The store."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Till]:
        rows = await connection.fetch("SELECT * FROM till WHERE loan_id = ANY($1) ORDER BY loan_id FOR UPDATE", keys)
        return {row["loan_id"]: Till(**dict(row)) for row in rows}

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Till]]) -> None:
        new = [
            (key, c.after.total, c.after.payments, c.after.seen_on) for key, c in changes.items() if c.before is None
        ]
        old = [(key, c.after.total, c.after.payments, c.after.seen_on) for key, c in changes.items() if c.before]
        if new:
            await connection.copy_records_to_table("till", records=new)
        if old:
            await connection.execute(
                """UPDATE till SET total = n.total, payments = n.payments, seen_on = n.seen_on
                FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::date[]) AS n (loan_id, total, payments, seen_on)
                WHERE till.loan_id = n.loan_id""",
                *[list(column) for column in zip(*old, strict=True)],
            )


class Move(Command):
    """Take money out of one till and put it into another: two routes on one command."""

    source: UUID
    target: UUID
    amount: int
    reason: str = ""


def take(state: Till | None, command: Move, context: Context) -> Decision[Till]:
    """Take the money out."""
    if state is None or state.total < command.amount:
        raise Refused("not_enough", "The till has less.", field="amount", fix="Take less.")
    return Decision(replace(state, total=state.total - command.amount))


def put(state: Till | None, command: Move, context: Context) -> Decision[Till]:
    """Put the money in; there must be such a till."""
    if state is None:
        raise Refused("no_till", "There is no such till.", field="target", fix="Name a till.")
    assert (context.channel, context.event_time.tzinfo) == ("http", UTC)
    return Decision(replace(state, total=state.total + command.amount))


def receive(state: Till | None, event: PaymentReceived, context: Context) -> Decision[Till]:
    """Add the payment up."""
    if event.amount == 13:
        raise Refused("unlucky", "13 is refused.", field="amount", fix="Send another amount.")
    if event.amount == 666:
        raise KeyError("a bug")
    till = state or Till(event.loan_id)
    till = replace(till, total=till.total + event.amount, payments=till.payments + 1)
    applied = PaymentApplied(
        loan_id=event.loan_id,
        customer_id=CUSTOMER,
        sequence=till.payments,
        payment_id=event.payment_id,
        amount=event.amount,
        currency=event.currency,
        value_date=event.value_date,
        allocations=(),
        credit=event.amount,
        principal_outstanding=0,
        total_outstanding=till.total,
    )
    return Decision(till, (applied,))


async def due(connection: Connection, day: date, limit: int) -> list[UUID]:
    """Tills that have not seen the day."""
    rows = await connection.fetch("SELECT loan_id FROM till WHERE seen_on < $1 ORDER BY loan_id LIMIT $2", day, limit)
    return [row["loan_id"] for row in rows]


def see_day(state: Till, day: date, context: Context) -> Decision[Till]:
    """A till of 5 fen can't see days."""
    if state.total == 5:
        raise ArithmeticError("this till can't")
    return Decision(replace(state, seen_on=day))


TILLS = Tills()
ROUTES = (
    Route(PaymentReceived, TILLS, lambda event, context: event.loan_id, receive),
    Route(Move, TILLS, lambda command, context: command.source, take),
    Route(Move, TILLS, lambda command, context: command.target, put),
)
DAY = DayStep(TILLS, due, see_day)


def payment(amount: int, loan_id: UUID | None = None, payment_id: str = "") -> PaymentReceived:
    """A payment to publish."""
    return PaymentReceived(
        payment_id=payment_id or f"p-{uuid4()}",
        loan_id=loan_id or uuid4(),
        amount=amount,
        currency="CNY",
        value_date=date(2026, 1, 1),
        channel="test",
    )


def record(event: Event, identifier: str = "", **headers: str) -> Record:
    """The event's record, as a payment channel would publish it."""
    return encode(event, id=identifier or str(uuid4()), source="bank/test", time=datetime.now(UTC), **headers)
