"""Notifications as a process, between a real Kafka, a real PostgreSQL, a real mail server and a real text gateway."""

from datetime import timedelta

import asyncpg

from integration.notifications.conftest import Start
from integration.notifications.people import BEFORE, WHOLE, Person, day, days, outcome_of, outcomes, publish, record
from integration.notifications.providers import Gateway, MailBox
from integration.notifications.watching import api, get, planned, state_of
from lendstream.dead_letter import DeadLetter, parse
from lendstream.events.intake import Language
from lendstream.events.notification import (
    Channel,
    NotificationSent,
    NotificationSkipped,
    SkipReason,
)
from lendstream.topics import DEAD_LETTER
from support.broker import read_topic
from support.waiting import until
from unit.notifications import stories
from unit.notifications.stories import DUE, OPENED


async def test_borrowers_are_told_once_each_in_their_language_until_they_pay(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    xiaoming = Person()
    mary = Person("Mary Ann", "+442071838750", None, Language.ENGLISH)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    loan = stories.opened(loan_id=xiaoming.loan, customer_id=xiaoming.id)
    opened = record(loan, correlation_id="the-submission", traceparent=trace)
    async with mailbox.listening(), gateway.listening():
        await start().started()
        loans = [day(OPENED), *xiaoming.known(), *mary.known(), opened, mary.opened(), xiaoming.disbursed()]
        await publish(kafka_bootstrap, *loans, mary.disbursed())
        articles = await outcome_of(kafka_bootstrap, xiaoming.article(), mary.article())
        assert [each.channel for each in articles if isinstance(each, NotificationSent)] == [Channel.MAIL, Channel.SMS]

        await publish(kafka_bootstrap, *loans, *days(BEFORE, 1))  # the loans' records come a second time
        reminded = await outcome_of(kafka_bootstrap, xiaoming.reminder("due-3"), mary.reminder("due-3"))
        assert [type(each) for each in reminded] == [NotificationSent] * 2

        await publish(kafka_bootstrap, mary.paid(3, (1, 40_000, False)), xiaoming.paid(3, (1, WHOLE, True)))
        skipped = await outcome_of(kafka_bootstrap, *(xiaoming.reminder(name) for name in ("due", "due+1", "due+7")))
        assert {each.reason for each in skipped if isinstance(each, NotificationSkipped)} == {SkipReason.PAID}
        told = [mary.reminder(name) for name in ("due-3", "due", "due+1", "due+7")]
        for key, (first, count) in zip(told[1:], ((-2, 3), (1, 1), (2, 6)), strict=True):
            await publish(kafka_bootstrap, *days(DUE + timedelta(first), count))
            (sent,) = await outcome_of(kafka_bootstrap, key)
            assert isinstance(sent, NotificationSent)

    assert set(gateway.delivered) == {xiaoming.reminder("due-3"), mary.article(), *told}
    assert gateway.delivered[xiaoming.reminder("due-3")] == {
        "to": xiaoming.mobile,
        "text": "【Lendstream】您的贷款第1/3期应还¥1,015.00，还款日2026年4月2日。请留意账户余额；如已还款，请忽略。"
        "咨询：service@lendstream.example",
        "reference": xiaoming.reminder("due-3"),
    }
    assert {gateway.delivered[key]["to"] for key in told} == {mary.mobile}
    assert "¥1,015.00, is due on 2 April 2026" in gateway.delivered[told[0]]["text"]
    assert "¥615.00" in gateway.delivered[told[1]]["text"]  # what is still due after the part that was paid
    (article,) = mailbox.mails
    assert (article["To"], article["Subject"]) == (xiaoming.email, "您的贷款如何计息、如何还款")
    assert "王小明，您好" in article.get_content()
    of_the_loan = [e for e in await outcomes(kafka_bootstrap) if e.data.loan_id == xiaoming.loan and e.data.instalment]
    assert {(each.correlation_id, each.traceparent) for each in of_the_loan} == {("the-submission", trace)}


async def test_a_loan_that_changes_is_told_of_and_reminded_of_by_its_new_dates(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    person, other = Person(), Person()
    whole = (1, WHOLE, True)
    later = DUE + timedelta(20)
    async with mailbox.listening(), gateway.listening():
        await start().started()
        await publish(kafka_bootstrap, *person.known(), person.opened(), person.paid(2, whole))
        await publish(kafka_bootstrap, *other.known(), other.opened())
        await outcome_of(kafka_bootstrap, *(person.reminder(name) for name in ("due-3", "due", "due+1", "due+7")))
        await planned(database, person, other)
        await publish(kafka_bootstrap, day(BEFORE))
        await outcome_of(kafka_bootstrap, other.reminder("due-3"))  # so the day has been noted

        bounced = person.told(stories.undone(3, whole, on=BEFORE))
        await publish(kafka_bootstrap, bounced, bounced)
        keys = [f"{person.loan}/payment_bounced/3", person.reminder("due-3/3")]
        assert [type(each) for each in await outcome_of(kafka_bootstrap, *keys)] == [NotificationSent] * 2

        relief = stories.rescheduled(4, (1, later, 60_000), (2, later + timedelta(30), 60_000), on=BEFORE)
        await publish(kafka_bootstrap, person.told(relief), person.told(stories.hardship(5, on=BEFORE)))
        (told,) = await outcome_of(kafka_bootstrap, f"{person.loan}/relief_agreed/4")
        assert isinstance(told, NotificationSent)
        assert told.channel is Channel.MAIL
        for skipped in await outcome_of(kafka_bootstrap, *(person.reminder(f"{n}/3") for n in ("due", "due+1"))):
            assert isinstance(skipped, NotificationSkipped)
            assert skipped.reason is SkipReason.RESCHEDULED

        await publish(kafka_bootstrap, day(later), person.told(stories.closed(6, credit=5_000, on=later)))
        (thanks,) = await outcome_of(kafka_bootstrap, f"{person.loan}/loan_closed/6")
        assert isinstance(thanks, NotificationSent)
    told_of = {key: each["text"] for key, each in gateway.delivered.items() if key.startswith(str(person.loan))}
    texts = {key.split("/", 1)[1]: text for key, text in told_of.items()}
    assert texts["payment_bounced/3"].startswith("【Lendstream】您2026年3月2日的还款¥1,015.00被退回")
    assert "¥1,015.00" in texts["1/due-3/3"]
    assert texts["loan_closed/6"] == (
        "【Lendstream】您的贷款已全部还清，感谢您。多付的¥50.00将退还给您。咨询：service@lendstream.example"
    )
    assert "每期还款：由¥1,015.00改为¥600.00" in "".join(each.get_content() for each in mailbox.mails)


async def test_the_customer_may_become_known_after_the_reminder_was_due(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    late, never = Person(), Person()
    async with mailbox.listening(), gateway.listening():
        process = await start().started()
        await publish(kafka_bootstrap, late.opened(), never.opened())
        await planned(database, late, never)
        await publish(kafka_bootstrap, day(BEFORE))
        await until(lambda: state_of(process, late) == ["queued"], "the reminder waits")
        await publish(kafka_bootstrap, *late.known())
        (sent,) = await outcome_of(kafka_bootstrap, late.reminder("due-3"))
        assert isinstance(sent, NotificationSent)
        await publish(kafka_bootstrap, *days(BEFORE + timedelta(1), 2))
        (skipped,) = await outcome_of(kafka_bootstrap, never.reminder("due-3"))
        assert isinstance(skipped, NotificationSkipped)
        assert skipped.reason is SkipReason.NO_ADDRESS


async def test_an_erased_customer_is_told_nothing_and_readable_nowhere(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    person, other = Person(), Person("李四", "+8613900139000", "lisi@example.com")
    async with mailbox.listening(), gateway.listening():
        process = await start().started()
        mailbox.recipient = lambda address: f"450 4.2.1 <{address}> later"
        await publish(kafka_bootstrap, *person.known(), *other.known(), person.opened(), other.opened())
        await publish(kafka_bootstrap, person.disbursed(), other.disbursed())
        await until(lambda: state_of(process, person) == ["queued"], "the article waits for the mail server")
        await publish(kafka_bootstrap, *person.erased(), day(BEFORE))
        keys = [person.article(), person.reminder("due-3")]
        for skipped in await outcome_of(kafka_bootstrap, *keys):
            assert isinstance(skipped, NotificationSkipped)
            assert skipped.reason is SkipReason.ERASED
        mailbox.recipient = lambda _: None
        told = await outcome_of(kafka_bootstrap, other.article(), other.reminder("due-3"))
        assert {type(each) for each in told} == {NotificationSent}
        pages = api(process, loan_id=str(person.loan)).text + api(process, loan_id=str(other.loan)).text
        assert process.stop() == 0
    assert set(gateway.delivered) == {other.reminder("due-3")}
    everything = await dumped(database)
    assert person.key.wrapped_key not in everything
    assert str(person.key.key_id) not in everything
    assert other.key.wrapped_key in everything
    topics = "".join(str(each.data) for each in await outcomes(kafka_bootstrap))
    logs = process.log.read_text()
    assert "smtp_450" in everything + logs
    for secret in person.secrets + other.secrets:
        assert secret not in everything + pages + topics + logs


async def dumped(database: str) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [row for (name,) in tables for row in await connection.fetch(f'SELECT t::text FROM "{name}" t')]
        return "\n".join(row["t"] for row in rows)
    finally:
        await connection.close()


async def test_days_that_never_came_and_records_that_make_no_sense(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    person, stranger = Person(), Person()
    async with mailbox.listening(), gateway.listening():
        await start().started()
        await publish(kafka_bootstrap, stranger.paid(2, (1, WHOLE, True)), *person.known(), person.opened())
        await planned(database, person)
        await publish(kafka_bootstrap, day(DUE + timedelta(1)))
        keys = [person.reminder(name) for name in ("due-3", "due", "due+1")]
        *skipped, sent = await outcome_of(kafka_bootstrap, *keys)
        reasons = [each.reason for each in skipped if isinstance(each, NotificationSkipped)]
        assert reasons == [SkipReason.OUT_OF_DATE] * 2
        assert isinstance(sent, NotificationSent)

        async def letters() -> list[DeadLetter]:
            found = [parse(each) for each in await read_topic(kafka_bootstrap, DEAD_LETTER.named("notifications"))]
            return [each for each in found if isinstance(each, DeadLetter)]

        (letter,) = await until(letters, "the payment of an unknown loan is a dead letter")
        assert "unknown_loan" in str(letter)
    assert set(gateway.delivered) == {person.reminder("due+1")}


async def test_the_operator_reads_messages_page_by_page(
    start: Start, kafka_bootstrap: str, database: str, mailbox: MailBox, gateway: Gateway
) -> None:
    person = Person()
    async with mailbox.listening(), gateway.listening():
        process = await start().started()
        payment = person.paid(2, (1, WHOLE, True), (2, WHOLE, True))
        await publish(kafka_bootstrap, *person.known(), person.opened(), payment)
        await outcome_of(kafka_bootstrap, person.reminder("due+7", 2))
        whole = api(process, customer_id=str(person.id)).json()
        assert (len(whole["messages"]), whole["next"]) == (8, None)
        assert {(each["state"], each["reason"]) for each in whole["messages"]} == {("skipped", "paid")}
        pages, cursor = [], ""
        while cursor is not None:
            page = api(process, loan_id=str(person.loan), limit="3", **({"cursor": cursor} if cursor else {})).json()
            pages += page["messages"]
            cursor = page["next"]
        assert pages == whole["messages"]
        assert api(process, customer_id=str(person.loan)).json() == {"messages": [], "next": None}
        assert set(pages[0]) == {
            "message_key",
            "customer_id",
            "loan_id",
            "instalment",
            "kind",
            "planned_for",
            "state",
            "reason",
            "channel",
            "language",
            "attempts",
            "created_at",
            "finished_at",
        }
        assert api(process, token="guess", loan_id=str(person.loan)).status_code == 401
        mine = {"loan_id": str(person.loan)}
        for query in ({}, {"loan_id": "x"}, {**mine, "cursor": "!"}, {**mine, "limit": "0"}):
            answer = api(process, **query)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
            assert answer.json()["errors"][0]["fix"]
        metrics = get(process, "/metrics").text
        assert 'lendstream_notifications_total{kind="reminder_due",outcome="skipped"} 2.0' in metrics
