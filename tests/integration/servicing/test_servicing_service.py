"""Servicing as a process: the whole life of loans over a real Kafka and a real PostgreSQL."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from lendstream.dead_letter import DeadLetter, parse
from lendstream.envelope import Envelope, Record, decode, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.loan import Bucket, DelinquencyChanged, InstalmentOverdue, LoanEvent, LoanOpened, PaymentApplied
from lendstream.topics import CALENDAR, DEAD_LETTER, LOAN
from lendstream_servicing.domain.loan import loan_id_of
from support.broker import producer, read_topic
from support.processes import Process
from support.tokens import READER, bearer
from support.waiting import until
from unit.servicing import loans

Start = Callable[..., Process]
DEAD = DEAD_LETTER.named("servicing")


def record(event: Event) -> Record:
    return encode(event, id=str(uuid4()), source="test", time=datetime.now(UTC))


def day(on: date) -> BusinessDayStarted:
    return BusinessDayStarted(lender="lendstream", day=on)


async def publish(bootstrap: str, *events: Event) -> None:
    async with producer(bootstrap) as send:
        await send([record(event) for event in events])


async def told(bootstrap: str) -> dict[UUID, list[LoanEvent]]:
    """What servicing published, by loan, in the order of the topic; each event once, by its id."""
    by_loan: dict[UUID, dict[str, LoanEvent]] = defaultdict(dict)
    for each in await read_topic(bootstrap, LOAN.name):
        content = decode(each)
        assert isinstance(content, Envelope)
        assert isinstance(content.data, LoanEvent)
        by_loan[content.data.loan_id].setdefault(content.id, content.data)
    return {loan: list(events.values()) for loan, events in by_loan.items()}


async def story(bootstrap: str, count: int, loan_id: UUID = loans.LOAN) -> Sequence[LoanEvent]:
    """A loan's events, once there are so many."""

    async def enough() -> list[LoanEvent]:
        events = (await told(bootstrap)).get(loan_id, [])
        return events if len(events) >= count else []

    return await until(enough, f"{count} events of the loan")


async def closed_days(bootstrap: str, count: int) -> list[BusinessDayClosed]:
    """The days closed, once there are so many."""

    async def enough() -> list[BusinessDayClosed]:
        contents = map(decode, await read_topic(bootstrap, CALENDAR.name))
        days = [c.data for c in contents if isinstance(c, Envelope) and isinstance(c.data, BusinessDayClosed)]
        return days if len(days) >= count else []

    return await until(enough, f"{count} days are closed")


async def letters(bootstrap: str, count: int) -> list[DeadLetter]:
    """The dead letters, once there are so many."""

    async def enough() -> list[DeadLetter]:
        found = [parse(each) for each in await read_topic(bootstrap, DEAD)]
        dead = [each for each in found if isinstance(each, DeadLetter)]
        return dead if len(dead) >= count else []

    return await until(enough, f"{count} dead letters")


def names(events: Iterable[object]) -> list[str]:
    return [type(event).__name__ for event in events]


async def test_the_whole_life_of_a_loan(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await publish(kafka_bootstrap, day(loans.TODAY))
    await closed_days(kafka_bootstrap, 1)
    await publish(kafka_bootstrap, loans.acceptance(), loans.approval())
    await story(kafka_bootstrap, 2)
    await publish(kafka_bootstrap, loans.confirmation())
    opened = (await story(kafka_bootstrap, 3))[0]
    assert isinstance(opened, LoanOpened)

    first = opened.instalments[0]
    await publish(kafka_bootstrap, day(first.due_date + timedelta(days=1)))
    await story(kafka_bootstrap, 5)
    dues = [each.principal + each.interest + each.fee for each in opened.instalments]
    paid_on = first.due_date + timedelta(days=1)
    await publish(kafka_bootstrap, loans.payment(dues[0], "first", value_date=paid_on))
    await story(kafka_bootstrap, 7)
    await publish(kafka_bootstrap, loans.payment(sum(dues[1:]) + 50, "rest", value_date=paid_on))

    events = await story(kafka_bootstrap, 10)
    assert names(events) == [
        "LoanOpened",
        "DisbursementRequested",
        "LoanDisbursed",
        "InstalmentOverdue",
        "DelinquencyChanged",
        "PaymentApplied",
        "DelinquencyChanged",
        "PaymentApplied",
        "LoanClosed",
        "RefundRequested",
    ]
    assert [event.sequence for event in events] == list(range(1, 11))
    totals = await closed_days(kafka_bootstrap, 2)
    assert [(each.open_loans, each.overdue_loans, each.overdue_amount) for each in totals] == [
        (0, 0, 0),
        (1, 1, dues[0]),
    ]

    async with httpx.AsyncClient(base_url=service.url, headers=bearer(READER)) as client:
        loan = (await client.get(f"/v1/loans/{loans.LOAN}")).json()
        assert (loan["status"], loan["balances"]["total_outstanding"], loan["balances"]["credit"]) == ("closed", 0, 50)
        assert [entry["type"] for entry in loan["history"]] == names(events)
        assert loan["history"][5]["data"]["payment_id"] == "first"
        assert [each["settled_on"] for each in loan["schedule"]] == [paid_on.isoformat()] * 6
        listed = (await client.get("/v1/loans", params={"customer_id": str(loans.CUSTOMER)})).json()
        assert [each["loan_id"] for each in listed["loans"]] == [str(loans.LOAN)]
        (credit,) = (await client.get("/v1/suspense")).json()["items"]
        assert (credit["reason"], credit["unallocated"], credit["payment_id"]) == ("credit", 50, "rest")
        shown = (await client.get(f"/v1/days/{paid_on}")).json()
        assert (shown["status"], shown["loans_to_age"], shown["totals"][0]["overdue_loans"]) == ("closed", 0, 1)
        metrics = (await client.get("/metrics")).text
        assert 'lendstream_since_submission_seconds_count{milestone="opened"} 1.0' in metrics
    assert service.stop() == 0


async def test_early_double_and_wrong_records_lose_nothing(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    stranger = uuid4()
    early = loans.payment(5_000, "early")
    await publish(
        kafka_bootstrap,
        early,
        loans.payment(700, "lost", loan_id=stranger),
        loans.payment(900, "lost too", loan_id=stranger),
        loans.confirmation(loan_id=stranger),
    )
    (unknown,) = await letters(kafka_bootstrap, 1)
    assert unknown.errors[0].code == "unknown_loan"
    async with httpx.AsyncClient(base_url=service.url, headers=bearer(READER)) as client:

        async def suspended(*numbers: str) -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await client.get("/v1/suspense")).json()["items"]
            return items if {each["payment_id"] for each in items} == set(numbers) else []

        items = await until(lambda: suspended("early", "lost", "lost too"), "the payments are in suspense")
        assert {each["reason"] for each in items} == {"unknown_loan"}
        one = (await client.get("/v1/suspense", params={"limit": 2})).json()
        two = (await client.get("/v1/suspense", params={"limit": 2, "cursor": one["next_cursor"]})).json()
        assert [each["payment_id"] for each in one["items"] + two["items"]] == [each["payment_id"] for each in items]
        assert two["next_cursor"] is None

        # the confirmation cannot come before the request that it answers
        await publish(kafka_bootstrap, loans.approval(), loans.acceptance(), loans.acceptance())
        await story(kafka_bootstrap, 2)
        await publish(kafka_bootstrap, loans.confirmation(), early, loans.confirmation())
        events = await story(kafka_bootstrap, 4)
        assert names(events) == ["LoanOpened", "DisbursementRequested", "LoanDisbursed", "PaymentApplied"]
        await until(lambda: suspended("lost", "lost too"), "the early payment has left the suspense list")

        await publish(
            kafka_bootstrap,
            loans.payment(5_001, "early"),
            loans.payment(100, "dollars", currency="USD"),
            loans.payment(100, "lost"),
            loans.payment(200, "good"),
        )
        refused = (await letters(kafka_bootstrap, 3))[1:]
        assert {each.errors[0].code if each.errors else each.error_type for each in refused} == {
            "payment_conflict",
            "UniqueViolationError",
        }
        items = await until(lambda: suspended("lost", "lost too", "dollars"), "other money waits too")
        assert {each["reason"] for each in items} == {"unknown_loan", "wrong_currency"}
        events = await story(kafka_bootstrap, 5)
        assert isinstance(events[4], PaymentApplied)
        assert events[4].payment_id == "good"


async def test_days_missed_while_it_was_down_are_caught_up_in_order(kafka_bootstrap: str, start: Start) -> None:
    first = await start().started()
    await publish(kafka_bootstrap, day(loans.TODAY))
    await closed_days(kafka_bootstrap, 1)  # topics have no order among them: else the loan may open on the wall's date
    await publish(kafka_bootstrap, loans.acceptance(), loans.approval())
    await story(kafka_bootstrap, 2)
    await publish(kafka_bootstrap, loans.confirmation())
    await story(kafka_bootstrap, 3)
    assert first.stop() == 0
    days = [loans.TODAY + timedelta(days=number) for number in range(1, 71)]
    await publish(kafka_bootstrap, *map(day, days))

    await start().started()

    totals = await closed_days(kafka_bootstrap, 71)
    assert [each.day for each in totals] == [loans.TODAY, *days]
    events = await story(kafka_bootstrap, 7)
    due = loans.opened().instalments
    overdue = [(each.instalment, each.as_of) for each in events if isinstance(each, InstalmentOverdue)]
    assert overdue == [(number + 1, due[number].due_date + timedelta(days=1)) for number in range(2)]
    moves = [(each.bucket, each.days_past_due, each.as_of) for each in events if isinstance(each, DelinquencyChanged)]
    assert moves == [
        (bucket, late, due[0].due_date + timedelta(days=late)) for bucket, late in ((Bucket.M1, 1), (Bucket.M2, 31))
    ]
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    late_days = [each for each in totals if each.day > due[0].due_date]
    assert all(each.overdue_loans == 1 and each.open_loans == 1 for each in late_days)


async def test_two_instances_and_a_kill_open_every_loan_once(kafka_bootstrap: str, start: Start) -> None:
    applications = [uuid4() for _ in range(300)]
    one, two = await start().started(), await start().started()
    await publish(kafka_bootstrap, day(loans.TODAY))
    async with producer(kafka_bootstrap) as send:
        for number, application in enumerate(applications):
            customer = uuid4()
            halves = [
                loans.acceptance(application_id=application, customer_id=customer),
                loans.approval(application_id=application, customer_id=customer),
                loans.payment(1_000, f"pay_{number}", loan_id=loan_id_of(application)),
            ]
            await send([record(half) for half in halves])
            if number == 100:
                two.kill()
            if number == 200:
                two.start()

    async def opened(count: int) -> bool:
        return sum(len(events) for events in (await told(kafka_bootstrap)).values()) >= count

    await until(lambda: opened(600), "every loan is open")
    confirmations = [loans.confirmation(loan_id=loan_id_of(application)) for application in applications]
    await publish(kafka_bootstrap, *confirmations[:150])
    one.kill()
    await publish(kafka_bootstrap, *confirmations[150:])
    await until(lambda: opened(1200), "every payment is applied")

    stories = await told(kafka_bootstrap)
    assert set(stories) == {loan_id_of(application) for application in applications}
    expected = ["LoanOpened", "DisbursementRequested", "LoanDisbursed", "PaymentApplied"]
    for events in stories.values():
        assert names(events) == expected
        assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert await read_topic(kafka_bootstrap, DEAD) == []
