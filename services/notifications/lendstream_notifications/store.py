"""Contacts, plans and messages in PostgreSQL: each loaded and saved in a few set-based statements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from lendstream.events.customer import CustomerKey, CustomerProfile
from lendstream.events.intake import Consents, Language
from lendstream.events.notification import Channel
from lendstream.runtime.decider import Change
from lendstream.runtime.sql import Connection
from lendstream_notifications.domain.contact import Contact
from lendstream_notifications.domain.message import Facts, Message, State
from lendstream_notifications.domain.plan import Instalment, Plan, Reminder
from lendstream_notifications.queries import queries

_day = date.fromisoformat
_MESSAGE_COLUMNS = (
    "message_key",
    "customer_id",
    "loan_id",
    "instalment",
    "kind",
    "planned_for",
    "queued_on",
    "state",
    "reason",
    "channel",
    "language",
    "attempts",
    "fell_back",
    "in_doubt",
    "created_at",
    "first_attempt_at",
    "next_attempt_at",
    "claimed_at",
    "finished_at",
    "correlation_id",
    "traceparent",
    "due_date",
    "facts",
)


class Contacts:
    """Customers by id; what was queued for them is saved beside them."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Contact]:
        """Those that exist, locked."""
        return {row["customer_id"]: _contact(row) async for row in queries.load_contacts(connection, ids=keys)}

    async def read(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Contact]:
        """Those that exist, not locked."""
        return {row["customer_id"]: _contact(row) async for row in queries.read_contacts(connection, ids=keys)}

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Contact]]) -> None:
        """Save all, and insert their new messages."""
        after = [changes[key].after for key in sorted(changes)]
        await queries.save_contacts(connection, rows=json.dumps([_contact_row(each) for each in after], default=str))
        await insert_messages(connection, (message for each in after for message in each.messages))


class Plans:
    """Loans' reminders by loan; those that left the plan are saved beside it, as messages."""

    async def load(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Plan]:
        """Those that exist, locked."""
        return {row["loan_id"]: _plan(row) async for row in queries.load_plans(connection, ids=keys)}

    async def read(self, connection: Connection, keys: Sequence[UUID]) -> Mapping[UUID, Plan]:
        """Those that exist, not locked."""
        return {row["loan_id"]: _plan(row) async for row in queries.read_plans(connection, ids=keys)}

    async def save(self, connection: Connection, changes: Mapping[UUID, Change[Plan]]) -> None:
        """Save all, and insert the messages that left them."""
        after = [changes[key].after for key in sorted(changes)]
        await queries.save_plans(
            connection,
            loan_ids=[each.loan_id for each in after],
            customer_ids=[each.customer_id for each in after],
            currencies=[each.currency for each in after],
            sequences=[each.sequence for each in after],
            next_ons=[each.next_on for each in after],
            endeds=[each.ended for each in after],
            charged_offs=[each.charged_off for each in after],
            instalments=[_json(each.instalments) for each in after],
            reminders=[_json(each.reminders) for each in after],
            tolds=[json.dumps(each.told) for each in after],
            told_ons=[each.told_on for each in after],
            unplaceds=[json.dumps(each.unplaced) for each in after],
            correlation_ids=[each.correlation_id for each in after],
            traceparents=[each.traceparent for each in after],
        )
        await insert_messages(connection, (message for each in after for message in each.messages))

    @staticmethod
    async def due(connection: Connection, day: date, limit: int) -> list[UUID]:
        """The loans with a reminder on or before the day."""
        return [row["loan_id"] async for row in queries.due_plans(connection, day=day, n=limit)]


async def insert_messages(connection: Connection, messages: Iterable[Message]) -> None:
    """New messages. A key that exists is refused by the database: two messages of one key never come to be."""
    rows = [_message_row(each) for each in messages]
    if rows:
        await connection.copy_records_to_table("message", records=rows, columns=_MESSAGE_COLUMNS)


async def claim(
    connection: Connection, channel: Channel, now: datetime, limit: int, left_before: datetime | None = None
) -> list[Message]:
    """Lock messages whose turn has come; with `left_before`, those that have been `sending` since before."""
    rows = (
        queries.claim_queued(connection, channel=channel, now=now, n=limit)
        if left_before is None
        else queries.claim_left_behind(connection, channel=channel, before=left_before, n=limit)
    )
    return [message_of(row) async for row in rows]


async def update(connection: Connection, changes: Sequence[tuple[Message, Message]]) -> set[str]:
    """Save (before, after) of messages that nobody else has changed since; the keys of those that were saved."""
    after = [each for _, each in changes]
    rows = queries.update_messages(
        connection,
        keys=[each.key for each in after],
        were_claimed_at=[before.claimed_at for before, _ in changes],
        states=[each.state for each in after],
        reasons=[each.reason for each in after],
        channels=[each.channel for each in after],
        languages=[each.language for each in after],
        attempts=[each.attempts for each in after],
        fell_back=[each.fell_back for each in after],
        in_doubt=[each.in_doubt for each in after],
        first_attempts=[each.first_attempt_at for each in after],
        next_attempts=[each.next_attempt_at for each in after],
        claimed=[each.claimed_at for each in after],
        finished=[each.finished_at for each in after],
    )
    return {row["message_key"] async for row in rows}


def _contact(row: Record) -> Contact:
    customer_id: UUID = row["customer_id"]
    profile = key = None
    if row["ciphertext"] is not None:
        profile = CustomerProfile(
            customer_id=customer_id,
            key_id=row["profile_key_id"],
            ciphertext=row["ciphertext"],
            language=Language(row["language"]),
            consents=Consents.model_validate_json(row["consents"]),
            updated_at=row["profile_updated_at"],
        )
    if row["wrapped_key"] is not None:
        key = CustomerKey(
            customer_id=customer_id,
            key_id=row["key_id"],
            wrapped_key=row["wrapped_key"],
            master_key_id=row["master_key_id"],
        )
    return Contact(
        customer_id=customer_id,
        profile=profile,
        key=key,
        profile_updated_at=row["profile_updated_at"],
        profile_erased=row["profile_erased"],
        key_erased=row["key_erased"],
        articles=tuple(row["articles"]),
    )


def _contact_row(contact: Contact) -> dict[str, Any]:
    profile, key = contact.profile, contact.key
    return {
        "customer_id": contact.customer_id,
        "profile_key_id": profile and profile.key_id,
        "ciphertext": profile and profile.ciphertext,
        "language": profile and profile.language,
        "consents": profile and profile.consents.model_dump(),
        "profile_updated_at": contact.profile_updated_at and contact.profile_updated_at.isoformat(),
        "key_id": key and key.key_id,
        "wrapped_key": key and key.wrapped_key,
        "master_key_id": key and key.master_key_id,
        "profile_erased": contact.profile_erased,
        "key_erased": contact.key_erased,
        "articles": contact.articles,
    }


def _json(parts: Iterable[Instalment | Reminder]) -> str:
    """Each as the array of its fields, in order."""
    return json.dumps([astuple(each) for each in parts], default=date.isoformat)


def _plan(row: Record) -> Plan:
    return Plan(
        loan_id=row["loan_id"],
        customer_id=row["customer_id"],
        currency=row["currency"],
        sequence=row["sequence"],
        ended=row["ended"],
        charged_off=row["charged_off"],
        instalments=tuple(
            Instalment(number, _day(due), charged, paid, collect_on and _day(collect_on))
            for number, due, charged, paid, collect_on in json.loads(row["instalments"])
        ),
        reminders=tuple(
            Reminder(number, name, kind, _day(on), _day(due), planned_by)
            for number, name, kind, on, due, planned_by in json.loads(row["reminders"])
        ),
        told=tuple(json.loads(row["told"])),
        told_on=row["told_on"],
        unplaced={int(number): amount for number, amount in json.loads(row["unplaced"]).items()},
        correlation_id=row["correlation_id"],
        traceparent=row["traceparent"],
    )


def _facts(text: str) -> Facts:
    found = json.loads(text)
    return Facts(**{**found, "days": {name: _day(each) for name, each in found["days"].items()}})


def _message_row(message: Message) -> tuple[Any, ...]:
    facts = message.facts and json.dumps(asdict(message.facts), default=date.isoformat)
    return (message.key, *(getattr(message, column) for column in _MESSAGE_COLUMNS[1:-1]), facts)


def message_of(row: Record) -> Message:
    """A message from its row."""
    fields = {column: row[column] for column in _MESSAGE_COLUMNS[1:]}
    language, facts = fields.pop("language"), fields.pop("facts")
    message = Message(key=row["message_key"], **fields)
    return replace(
        message,
        state=State(message.state),
        channel=Channel(message.channel),
        language=None if language is None else Language(language),
        facts=None if facts is None else _facts(facts),
    )
