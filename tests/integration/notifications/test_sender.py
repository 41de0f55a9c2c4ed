"""The sender on a real database: once each with several at work, across crashes, cancellations and outages."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from integration.notifications.providers import Provider
from lendstream.events.notification import Channel
from lendstream.privacy import Vault
from lendstream.runtime.decider import Change
from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream_local.stack import Stack
from lendstream_notifications import store
from lendstream_notifications.domain.message import Message, State
from lendstream_notifications.domain.reminders import start_day
from lendstream_notifications.domain.sending import Answer, Delivery, Retry
from lendstream_notifications.recipients import Recipients
from lendstream_notifications.sender import Pace, Sender
from lendstream_notifications.store import Contacts, Plans
from lendstream_notifications.wording import Wording
from support.waiting import until
from unit.notifications import stories
from unit.notifications.stories import CUSTOMER, DUE, RULES, at

VAULT = Vault({"2026-01": bytes(range(32))}, "2026-01")
KEY = VAULT.new_key(CUSTOMER)
MOBILE = "+8613800138000"
IDENTITY = {"identity_number": "110101199003070017", "name": "王小明", "birth_date": "1990-03-07", "mobile": MOBILE}
PROFILE = stories.profile(key_id=KEY.key_id, ciphertext=VAULT.seal(KEY, CUSTOMER, json.dumps(IDENTITY).encode()))
CONTACT = replace(stories.contact(), profile=PROFILE, key=KEY)
PACE = Pace(
    poll=timedelta(milliseconds=20),
    claim=timedelta(minutes=5),
    retry=Retry(timedelta(milliseconds=10), timedelta(seconds=1), timedelta(hours=1)),
)


def sender(pool: Pool, provider: Provider, pace: Pace = PACE) -> Sender:
    rules = Rules("notifications", (), "lendstream", ZoneInfo("Asia/Shanghai"))
    unit_of_work = UnitOfWork(pool, rules, DeadLetterLimits(25, 0.5), lambda: None)
    wording = Wording("Lendstream", "service@lendstream.example")
    return Sender(pool, unit_of_work, provider, recipients=Recipients(VAULT), wording=wording, rules=RULES, pace=pace)


async def filled(pool: Pool, count: int) -> list[Message]:
    """A customer with loans, a reminder of each queued."""
    day = DUE - timedelta(3)
    plans = []
    for _ in range(count):
        plan, _ = start_day(replace(stories.plan(1), loan_id=uuid4()), day, at(day), rules=RULES)
        plans.append(plan)
    async with pool.acquire() as connection, connection.transaction():
        await Contacts().save(connection, {CUSTOMER: Change(None, CONTACT)})
        await Plans().save(connection, {each.loan_id: Change(None, each) for each in plans})
        await connection.execute("INSERT INTO business_day (day, event_id, started_at) VALUES ($1, 'x', now())", day)
    return [message for plan in plans for message in plan.messages]


async def states(pool: Pool) -> Counter[str]:
    rows = await pool.fetch("SELECT state FROM message")
    return Counter(row["state"] for row in rows)


async def events(pool: Pool) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT type, payload FROM outbox ORDER BY seq")
    return [{"type": row["type"], **json.loads(row["payload"])} for row in rows]


async def once(at_work: Sender) -> bool:
    """One step, and what it took up to its end; whether there was anything."""
    busy = await at_work.step()
    await at_work.finish()
    return busy


async def run_until_settled(pool: Pool, *senders: Sender) -> None:
    tasks = [asyncio.create_task(each.run()) for each in senders]

    async def settled() -> bool:
        return not set(await states(pool)) & {"queued", "sending"}

    await until(settled, "every message has its outcome")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_three_senders_at_once_send_each_message_once(pool: Pool) -> None:
    queued = await filled(pool, 200)
    providers = [Provider(at_once=7) for _ in range(3)]
    await run_until_settled(pool, *(sender(pool, each) for each in providers))
    taken = sum((each.taken for each in providers), Counter[str]())
    assert taken == Counter(message.key for message in queued)
    assert Counter(each["message_key"] for each in await events(pool)) == taken
    assert {each["type"] for each in await events(pool)} == {"NotificationSent"}
    assert all(1 < each.most_at_once <= 7 for each in providers)
    assert all(each.closed for each in providers)
    assert {address for each in providers for address in each.addresses} == {MOBILE}


async def test_an_event_goes_on_with_the_story_of_its_loan(pool: Pool) -> None:
    await filled(pool, 1)
    await run_until_settled(pool, sender(pool, Provider()))
    headers = await pool.fetchval("SELECT headers FROM outbox")
    assert dict(zip(headers[::2], headers[1::2], strict=True))["ce_correlationid"] == "story"


async def test_before_the_first_byte_leaves_the_message_is_marked(pool: Pool) -> None:
    await filled(pool, 1)
    provider = Provider()

    async def look(_: str) -> None:
        assert await states(pool) == {"sending": 1}
        assert await pool.fetchval("SELECT claimed_at FROM message") is not None

    provider.on_delivery = look
    await run_until_settled(pool, sender(pool, provider))
    assert await states(pool) == {"sent": 1}


async def test_a_failure_that_passes_loses_nothing(pool: Pool) -> None:
    await filled(pool, 20)
    provider = Provider()

    async def away(key: str) -> Delivery | None:
        return Delivery(Answer.NOT_NOW, "ConnectError") if provider.taken[key] < 3 else None

    provider.on_delivery = away
    await run_until_settled(pool, sender(pool, provider))
    assert set(provider.taken.values()) == {3}
    assert await states(pool) == {"sent": 20}
    assert len(await events(pool)) == 20


@pytest.mark.parametrize(
    ("channel", "state", "kind"),
    [(Channel.MAIL, "failed", "NotificationFailed"), (Channel.SMS, "sent", "NotificationSent")],
)
async def test_what_a_crash_left_in_the_middle(pool: Pool, channel: Channel, state: str, kind: str) -> None:
    (message,) = await filled(pool, 1)
    left = replace(
        message,
        channel=channel,
        state=State.SENDING,
        attempts=1,
        first_attempt_at=datetime.now(UTC),
        claimed_at=datetime.now(UTC) - timedelta(minutes=6),
    )
    async with pool.acquire() as connection:
        await store.update(connection, [(message, left)])
    provider = Provider(channel)
    await run_until_settled(pool, sender(pool, provider))
    assert await states(pool) == {state: 1}
    (event,) = await events(pool)
    assert event["type"] == kind
    assert event.get("reason") == ("delivery_unknown" if channel is Channel.MAIL else None)
    assert provider.taken[message.key] == (0 if channel is Channel.MAIL else 1)


async def test_a_message_in_other_hands_is_left_alone_until_its_claim_is_old(pool: Pool) -> None:
    (message,) = await filled(pool, 1)
    held = replace(message, state=State.SENDING, claimed_at=datetime.now(UTC))
    async with pool.acquire() as connection:
        await store.update(connection, [(message, held)])
    provider = Provider()
    assert await once(sender(pool, provider)) is False
    assert (await states(pool), provider.taken) == ({"sending": 1}, {})


async def test_a_sender_that_was_taken_for_dead_does_not_conclude_again(pool: Pool) -> None:
    await filled(pool, 1)
    slow, held = Provider(), asyncio.Event()

    async def hold(_: str) -> None:
        await held.wait()

    slow.on_delivery = hold
    first = asyncio.create_task(once(sender(pool, slow)))
    await until(lambda: bool(slow.taken), "the slow one has it in hand")
    await run_until_settled(pool, sender(pool, Provider(), replace(PACE, claim=timedelta(0))))
    held.set()
    await first
    assert await states(pool) == {"sent": 1}
    assert len(await events(pool)) == 1


async def test_cancelling_lets_what_is_in_hand_come_to_its_end(pool: Pool) -> None:
    await filled(pool, 5)
    provider, go = Provider(at_once=5), asyncio.Event()

    async def hold(_: str) -> None:
        await go.wait()

    provider.on_delivery = hold
    task = asyncio.create_task(sender(pool, provider).run())
    await until(lambda: len(provider.taken) == 5, "all are in hand")
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await states(pool) == {"sent": 5}
    assert provider.closed


async def test_outcomes_wait_for_a_database_that_is_away(pool: Pool, stack: Stack) -> None:
    await filled(pool, 3)
    provider, away = Provider(at_once=3), asyncio.Event()

    async def hold(_: str) -> None:
        await away.wait()

    provider.on_delivery = hold
    work = asyncio.create_task(once(sender(pool, provider)))
    await until(lambda: len(provider.taken) == 3, "all are in hand")
    await asyncio.to_thread(stack.postgres.kill)
    away.set()
    await asyncio.to_thread(stack.postgres.start)
    assert await work is True
    assert set(provider.taken.values()) == {1}
    assert await states(pool) == {"sent": 3}
    assert len(await events(pool)) == 3


async def test_one_that_cannot_be_decided_does_not_hold_up_the_rest(pool: Pool) -> None:
    good, bad = await filled(pool, 2)
    await pool.execute("UPDATE message SET kind = 'gone_from_the_rules' WHERE message_key = $1", bad.key)
    provider = Provider()
    at_work = sender(pool, provider)
    assert await once(at_work) is True
    assert await once(at_work) is False  # the bad one was set back
    assert set(provider.taken) == {good.key}
    assert await states(pool) == {"sent": 1, "queued": 1}


async def test_a_fault_of_a_transport_is_in_doubt_and_leaves_the_others_alone(pool: Pool) -> None:
    first, *_ = await filled(pool, 3)
    provider = Provider(at_once=3)

    async def fault(key: str) -> None:
        if key == first.key and provider.taken[key] == 1:
            raise RuntimeError("a bug")

    provider.on_delivery = fault
    await run_until_settled(pool, sender(pool, provider))
    assert await states(pool) == {"sent": 3}
    assert await pool.fetchval("SELECT in_doubt FROM message WHERE message_key = $1", first.key)


async def test_a_provider_that_keeps_one_waiting_keeps_only_that_one(pool: Pool) -> None:
    first, *rest = await filled(pool, 60)
    provider, go = Provider(at_once=3), asyncio.Event()

    async def hold(key: str) -> None:
        if key == first.key:
            await go.wait()

    provider.on_delivery = hold
    task = asyncio.create_task(sender(pool, provider).run())

    async def others_sent() -> bool:
        return await states(pool) == {"sent": len(rest), "sending": 1}

    await until(others_sent, "all the others are sent")
    go.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await states(pool) == {"sent": 60}
    assert set(provider.taken.values()) == {1}
