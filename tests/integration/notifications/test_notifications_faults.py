"""Providers away or at fault, processes killed at the worst moment, two at work: nothing lost, nobody told twice."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from aiosmtpd.smtp import SMTP

from integration.notifications.conftest import Start
from integration.notifications.people import BEFORE, Person, day, outcome_of, outcomes, publish
from integration.notifications.providers import TOKEN, Gateway, MailBox
from integration.notifications.watching import api, planned
from lendstream.events.notification import (
    NotificationFailed,
    NotificationSent,
)
from lendstream_simulator.journal import deliveries
from lendstream_simulator.mail import MailServer
from lendstream_simulator.sms import SmsServer
from lendstream_simulator.texts import Gateway as SimulatedGateway
from support.waiting import until


async def test_providers_that_are_away_lose_nothing(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    people = [Person(mobile=f"+86138001380{number:02}") for number in range(10)]
    process = await start().started()
    for each in people:
        await publish(kafka_bootstrap, *each.known(), each.opened(), each.disbursed())
    await planned(database, *people)
    await publish(kafka_bootstrap, day(BEFORE))

    def tried() -> bool:
        found = [m for each in people for m in api(process, customer_id=str(each.id)).json()["messages"]]
        return len(found) == 20 and all(m["attempts"] > 1 and m["state"] in ("queued", "sending") for m in found)

    await until(tried, "every message was tried more than once, in vain")
    assert await outcomes(kafka_bootstrap) == []
    async with mailbox.listening(), gateway.listening():
        keys = [key for each in people for key in (each.article(), each.reminder("due-3"))]
        assert {type(each) for each in await outcome_of(kafka_bootstrap, *keys)} == {NotificationSent}
    assert set(gateway.delivered) == {each.reminder("due-3") for each in people}
    assert sorted(mailbox.keys) == sorted(each.article() for each in people)


async def test_a_text_is_delivered_once_although_the_process_died_before_it_was_marked(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    person, arrived = Person(), asyncio.Event()

    async def silent(_: str) -> None:
        arrived.set()
        await asyncio.sleep(60)

    gateway.after = silent
    async with mailbox.listening(), gateway.listening():
        process = await start().started()
        await publish(kafka_bootstrap, *person.known(), person.opened())
        await planned(database, person)
        await publish(kafka_bootstrap, day(BEFORE))
        await arrived.wait()
        process.kill()
        gateway.after = None
        await process.started()
        (sent,) = await outcome_of(kafka_bootstrap, person.reminder("due-3"))
    assert isinstance(sent, NotificationSent)
    assert set(gateway.delivered) == {person.reminder("due-3")}
    assert gateway.requests[person.reminder("due-3")] >= 2


async def test_a_mail_is_never_sent_twice_although_the_process_died_before_it_was_marked(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    people, arrived = [Person(), Person(), Person()], asyncio.Event()

    async def silent(_: object, __: SMTP) -> None:
        arrived.set()
        await asyncio.sleep(60)

    mailbox.content = silent
    async with mailbox.listening(), gateway.listening():
        process = await start().started()
        for person in people:
            await publish(kafka_bootstrap, *person.known(), person.opened(), person.disbursed())
        await arrived.wait()
        process.kill()
        mailbox.content = None
        await process.started()
        told = await outcome_of(kafka_bootstrap, *(person.article() for person in people))
    assert Counter(mailbox.keys) == Counter(person.article() for person in people)
    failed = [each for each in told if isinstance(each, NotificationFailed)]
    assert [each.reason for each in failed] == ["delivery_unknown"]
    assert failed[0].message_key == mailbox.keys[0]
    assert len([each for each in told if isinstance(each, NotificationSent)]) == 2


async def test_two_instances_one_killed_send_each_message_once(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    people = [Person(mobile=f"+861380013{number:04}") for number in range(100)]
    async with AsyncExitStack() as providers:
        await providers.enter_async_context(mailbox.listening())
        await providers.enter_async_context(gateway.listening())
        first, second = await start().started(), await start().started()
        await publish(kafka_bootstrap, *(each for person in people for each in [*person.known(), person.opened()]))
        await planned(database, *people)
        await publish(kafka_bootstrap, day(BEFORE))
        await until(lambda: len(gateway.delivered) > 20, "both are at work")
        first.kill()
        await publish(kafka_bootstrap, *(person.disbursed() for person in people))
        keys = [key for person in people for key in (person.reminder("due-3"), person.article())]
        told = await outcome_of(kafka_bootstrap, *keys)
        assert second.stop() == 0
    assert set(gateway.delivered) == {person.reminder("due-3") for person in people}
    assert {type(each) for each in told[::2]} == {NotificationSent}
    assert max(Counter(mailbox.keys).values()) == 1
    failed = [each for each in told if isinstance(each, NotificationFailed)]
    assert {each.reason for each in failed} <= {"delivery_unknown"}
    doubtful = {each.message_key for each in failed}
    assert {person.article() for person in people} - doubtful <= set(mailbox.keys)


async def test_the_simulated_providers_with_their_faults(
    start: Start, kafka_bootstrap: str, database: str, tmp_path: Path, mailbox: MailBox, gateway: Gateway
) -> None:
    people = [Person(mobile=f"+861380013{number:04}") for number in range(60)]
    mail = MailServer(tmp_path, port=mailbox.port, temporary=0.2, permanent=0.2)
    texts = SmsServer(SimulatedGateway(tmp_path, unavailable=0.2), port=gateway.port, token=TOKEN)
    async with mail, texts:
        await start().started()
        records = [each for person in people for each in (*person.known(), person.opened(), person.disbursed())]
        await publish(kafka_bootstrap, *records)
        await planned(database, *people)
        await publish(kafka_bootstrap, day(BEFORE))
        keys = [key for person in people for key in (person.reminder("due-3"), person.article())]
        told = await outcome_of(kafka_bootstrap, *keys)
    assert {type(each) for each in told} == {NotificationSent}
    assert Counter(each.key for each in deliveries(tmp_path)) == Counter(keys)
    by_channel = {(each.key, each.channel) for each in deliveries(tmp_path)}
    assert by_channel == {(each.message_key, each.channel) for each in told if isinstance(each, NotificationSent)}
