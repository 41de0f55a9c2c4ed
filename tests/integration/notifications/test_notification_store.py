"""Contacts, plans and messages survive PostgreSQL unchanged; a key is entered once and claimed by one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from lendstream.events.notification import Channel
from lendstream.runtime.decider import Change
from lendstream.runtime.sql import Pool
from lendstream_notifications import store
from lendstream_notifications.domain.contact import Contact, give_article
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.plan import Plan
from lendstream_notifications.domain.reminders import start_day
from lendstream_notifications.store import Contacts, Plans
from unit.notifications import stories
from unit.notifications.stories import CUSTOMER, DUE, LOAN, NOW, RULES, Moment, at

CONTACTS, PLANS = Contacts(), Plans()


async def saved_plan(pool: Pool, plan: Plan) -> Plan:
    """The plan as it is loaded again."""
    async with pool.acquire() as connection, connection.transaction():
        await PLANS.save(connection, {plan.loan_id: Change(None, plan)})
        loaded = await PLANS.load(connection, [plan.loan_id])
        assert loaded == await PLANS.read(connection, [plan.loan_id])
        return loaded[plan.loan_id]


async def saved_contact(pool: Pool, contact: Contact) -> Contact:
    """The contact as it is loaded again."""
    async with pool.acquire() as connection, connection.transaction():
        await CONTACTS.save(connection, {contact.customer_id: Change(None, contact)})
        loaded = await CONTACTS.load(connection, [contact.customer_id])
        assert loaded == await CONTACTS.read(connection, [contact.customer_id])
        return loaded[contact.customer_id]


async def messages(pool: Pool) -> list[Message]:
    async with pool.acquire() as connection:
        return [store.message_of(row) for row in await connection.fetch("SELECT * FROM message ORDER BY id")]


async def test_a_plan_comes_back_as_it_was_saved_at_every_stage(pool: Pool) -> None:
    plan = stories.plan()
    assert await saved_plan(pool, plan) == plan
    plan, _ = start_day(plan, DUE, at(DUE), rules=RULES)
    plan, _ = follow(plan, stories.paid(2, (1, 40_000, False), (2, 101_500, True)), Moment(), rules=RULES)
    plan, _ = follow(plan, stories.closed(3), Moment(), rules=RULES)
    assert await saved_plan(pool, plan) == replace(plan, messages=())
    assert await messages(pool) == list(plan.messages)


async def test_a_contact_comes_back_as_it_was_saved_at_every_stage(pool: Pool) -> None:
    empty = Contact(customer_id=CUSTOMER)
    given = give_article(stories.contact(), stories.disbursed(), Moment(), rules=RULES, article="first_loan")
    for contact in (
        empty,
        replace(empty, profile_erased=True),
        stories.contact(),
        given,
        replace(stories.contact(), key=None, key_erased=True),
    ):
        assert await saved_contact(pool, contact) == replace(contact, messages=())
    assert await messages(pool) == list(given.messages)


async def test_many_plans_are_found_by_the_day_of_their_next_reminder(pool: Pool) -> None:
    plans = [replace(stories.plan(1, DUE + timedelta(number)), loan_id=uuid4()) for number in range(20)]
    ended = replace(stories.plan(), loan_id=uuid4(), reminders=())
    async with pool.acquire() as connection, connection.transaction():
        await PLANS.save(connection, {each.loan_id: Change(None, each) for each in [*plans, ended]})
        day = DUE + timedelta(6)  # three days before the instalments that are due on the tenth day
        assert await PLANS.due(connection, day, 500) == [each.loan_id for each in plans[:10]]
        assert await PLANS.due(connection, day, 4) == [each.loan_id for each in plans[:4]]
        assert list(await PLANS.load(connection, sorted(each.loan_id for each in plans))) == sorted(
            each.loan_id for each in plans
        )


async def test_a_key_is_entered_once(pool: Pool) -> None:
    message = queued()
    async with pool.acquire() as connection:
        await store.insert_messages(connection, [message])
        with pytest.raises(asyncpg.UniqueViolationError):
            await store.insert_messages(connection, [replace(message, kind="another")])
    assert await messages(pool) == [message]


def queued(number: int = 0, channel: Channel = Channel.SMS, at: datetime = NOW) -> Message:
    return Message(
        key=f"{LOAN}/{number}/due",
        customer_id=CUSTOMER,
        loan_id=LOAN,
        instalment=number + 1,
        kind="reminder_due",
        planned_for=date(2026, 3, 2),
        queued_on=date(2026, 3, 2),
        channel=channel,
        created_at=NOW,
        next_attempt_at=at,
    )


async def test_two_that_claim_at_once_get_different_messages(pool: Pool) -> None:
    everything = [queued(number) for number in range(5)]
    async with pool.acquire() as connection:
        await store.insert_messages(connection, everything)
    async with pool.acquire() as one, pool.acquire() as other, one.transaction(), other.transaction():
        first = await store.claim(one, Channel.SMS, NOW, 3)
        second = await store.claim(other, Channel.SMS, NOW, 3)
        assert sorted(each.key for each in first + second) == sorted(each.key for each in everything)
        assert not {each.key for each in first} & {each.key for each in second}


async def test_a_claim_takes_what_is_due_on_its_channel_oldest_first(pool: Pool) -> None:
    later = NOW + timedelta(seconds=1)
    async with pool.acquire() as connection, connection.transaction():
        everything = [queued(0, at=later), queued(1), queued(2, Channel.MAIL), queued(3, at=later + timedelta(1))]
        await store.insert_messages(connection, everything)
        assert await store.claim(connection, Channel.SMS, later, 10) == [everything[1], everything[0]]
        assert await store.claim(connection, Channel.MAIL, later, 10) == [everything[2]]


async def test_what_was_concluded_elsewhere_is_not_concluded_again(pool: Pool) -> None:
    sending = replace(queued(), state=State.SENDING, claimed_at=NOW, attempts=1)
    taken_over = replace(sending, claimed_at=NOW + timedelta(1), attempts=2)
    sent = replace(sending, state=State.SENT, claimed_at=None, finished_at=datetime(2026, 3, 2, 2, tzinfo=UTC))
    async with pool.acquire() as connection, connection.transaction():
        await store.insert_messages(connection, [sending])
        assert await store.claim(connection, Channel.SMS, NOW, 10) == []
        assert await store.claim(connection, Channel.SMS, NOW, 10, NOW) == []
        assert await store.claim(connection, Channel.SMS, NOW, 10, NOW + timedelta(1)) == [sending]
        assert await store.update(connection, [(sending, taken_over)]) == {sending.key}
        assert await store.update(connection, [(sending, sent)]) == set()
        assert await store.update(connection, [(taken_over, sent)]) == {sending.key}
        assert await store.update(connection, [(sent, replace(sent, state=State.FAILED, reason="x"))]) == set()
    assert await messages(pool) == [sent]


async def test_nothing_in_the_database_names_a_person(pool: Pool) -> None:
    """The columns that could hold text hold keys, kinds, codes and sealed text only."""
    async with pool.acquire() as connection:
        columns = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_name IN ('contact', 'plan', 'message') AND data_type IN ('text', 'jsonb')"
        )
    assert {(row["table_name"], row["column_name"]) for row in columns} == {
        ("contact", "ciphertext"),
        ("contact", "consents"),
        ("contact", "language"),
        ("contact", "master_key_id"),
        ("contact", "wrapped_key"),
        ("plan", "correlation_id"),
        ("plan", "currency"),
        ("plan", "instalments"),
        ("plan", "reminders"),
        ("plan", "traceparent"),
        ("message", "channel"),
        ("message", "correlation_id"),
        ("message", "kind"),
        ("message", "language"),
        ("message", "message_key"),
        ("message", "reason"),
        ("message", "state"),
        ("message", "traceparent"),
    }
    assert isinstance(LOAN, UUID)
