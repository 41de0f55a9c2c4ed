"""Contacts, plans and messages survive PostgreSQL unchanged; a key is entered once and claimed by one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest

from lendstream.events.notification import Channel
from lendstream.runtime.decider import Change
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Pool
from lendstream_notifications import store
from lendstream_notifications.domain.contact import Contact, give_article
from lendstream_notifications.domain.following import follow
from lendstream_notifications.domain.message import Facts, Message, State
from lendstream_notifications.domain.plan import Instalment, Plan, Reminder
from lendstream_notifications.domain.reminders import start_day
from lendstream_notifications.main import MIGRATIONS
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


async def test_a_plan_of_a_changing_loan_comes_back_with_its_messages(pool: Pool) -> None:
    plan = stories.plan(2)
    for event in (
        stories.requested(2, 1),
        stories.paid(3, (1, stories.WHOLE, True), (2, 5_000, False), (4, 700, False)),
        stories.undone(4, (1, stories.WHOLE, True), on=DUE),
        stories.rescheduled(5, (1, DUE + timedelta(30), 60_000), (3, DUE + timedelta(60), 60_000), on=DUE),
        stories.closed(6, credit=5, on=DUE),
        stories.charged_off(7),
        stories.reopened(8),
    ):
        plan, _ = follow(plan, event, at(DUE), rules=RULES)
        assert await saved_plan(pool, plan) == replace(plan, messages=())
        plan = replace(plan, messages=())
    assert (plan.unplaced, plan.told, plan.told_on, plan.charged_off) == ({2: 5_000, 4: 700}, (1,), DUE, True)
    kept = {each.key.split("/", 1)[1]: each for each in await messages(pool)}
    assert {each.kind for each in kept.values() if each.facts} == {"payment_bounced", "relief_agreed", "loan_closed"}
    assert kept["relief_agreed/5"].facts == Facts(
        amounts={"old_amount": stories.WHOLE, "amount": 60_000},
        days={"due_date": DUE + timedelta(30), "old_last": DUE + timedelta(30), "last": DUE + timedelta(60)},
        numbers={"left": 2},
    )
    assert (kept["1/due/4"].due_date, kept["1/due/4"].state) == (DUE, State.QUEUED)


async def test_plans_and_messages_of_before_are_carried_over(database: str) -> None:
    """As version 0001 wrote them: of an instalment only what was left of it, of a reminder not what it is about."""
    first, *_ = sorted(MIGRATIONS.glob("*.sql"))
    async with asyncpg.create_pool(database, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            await connection.execute(first.read_text("utf-8"))
            await connection.execute(
                "INSERT INTO plan (loan_id, customer_id, currency, sequence, next_on, ended, instalments, reminders) "
                "VALUES ($1, $2, 'CNY', 3, $3, false, $4, $5), ($6, $2, 'CNY', 4, NULL, true, '[]', '[]')",
                LOAN,
                CUSTOMER,
                DUE,
                f'[[1, "{DUE}", 61500], [2, "{DUE + timedelta(30)}", 0]]',
                f'[[1, "due", "reminder_due", "{DUE}"], [1, "due+1", "reminder_overdue_1", "{DUE + timedelta(1)}"]]',
                CUSTOMER,
            )
            await connection.execute(
                "INSERT INTO message (message_key, customer_id, loan_id, instalment, kind, planned_for, queued_on, "
                "state, channel, attempts, fell_back, in_doubt, created_at, next_attempt_at) "
                "VALUES ('k', $1, $2, 1, 'reminder_before_due', $3, $3, 'queued', 'sms', 0, false, false, $4, $4)",
                CUSTOMER,
                LOAN,
                DUE - timedelta(3),
                NOW,
            )
            await connection.execute(
                "CREATE TABLE schema_migration (id text PRIMARY KEY, digest text NOT NULL, "
                "applied_at timestamptz NOT NULL DEFAULT now())"
            )
            digest = sha256(first.read_bytes()).hexdigest()
            await connection.execute(
                "INSERT INTO schema_migration VALUES ($1, $2)", f"notifications/{first.stem}", digest
            )
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "notifications": MIGRATIONS})
            plans = await PLANS.read(connection, [LOAN, CUSTOMER])
        plan = plans[LOAN]
        assert plan.instalments == (
            Instalment(1, DUE, 61_500),
            Instalment(2, DUE + timedelta(30), 0),
        )
        assert plan.reminders == (
            Reminder(1, "due", "reminder_due", DUE, DUE),
            Reminder(1, "due+1", "reminder_overdue_1", DUE + timedelta(1), DUE),
        )
        assert (plans[CUSTOMER].ended, plans[CUSTOMER].reminders) == (True, ())
        after, _ = follow(plan, stories.undone(4, (1, 40_000, False)), at(DUE), rules=RULES)
        assert after.instalments[0].due == 101_500
        (message,) = await messages(pool)
        assert (message.due_date, message.facts) == (None, None)
        assert plan.unwanted(1, message.due_date) is None


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
        ("plan", "told"),
        ("plan", "unplaced"),
        ("plan", "traceparent"),
        ("message", "channel"),
        ("message", "correlation_id"),
        ("message", "facts"),
        ("message", "kind"),
        ("message", "language"),
        ("message", "message_key"),
        ("message", "reason"),
        ("message", "state"),
        ("message", "traceparent"),
    }
    assert isinstance(LOAN, UUID)
