"""The worker on a real broker: decisions, probes, metrics, poison, stop."""

import signal
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from integration.risk.workers import Workers
from lendstream.dead_letter import DeadLetter, parse
from lendstream.envelope import Record, encode
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import CustomerPosition, Outcome
from lendstream.topics import APPLICATION, DECISION
from support.broker import read_topic
from support.risk import charged_off, closed, late, opened, paid, ready, records, reopened, undone, withdrawn
from support.waiting import until


async def test_an_application_is_decided_and_told_to_whom_it_belongs(workers: Workers) -> None:
    await workers.make().started()
    asked = ready(submitted_at=datetime.now(UTC))
    cause = encode(
        asked,
        id="cause-1",
        source="lendstream/application",
        time=datetime.now(UTC),
        correlation_id="story-7",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    await workers.send([cause])
    (decided,) = await workers.decided(asked)
    assert decided.outcome is Outcome.APPROVED
    (record,) = await read_topic(workers.bootstrap, DECISION.name)
    assert record.key == str(asked.customer_id).encode()
    assert record.header("ce_source") == "lendstream/risk"
    assert record.header("ce_correlationid") == "story-7"
    assert record.header("ce_causationid") == "cause-1"
    assert record.header("traceparent") == cause.header("traceparent")


async def test_loan_events_change_what_the_next_decision_knows(workers: Workers) -> None:
    await workers.make().started()
    first = ready(amount=2_000_000)
    await workers.publish(first)
    (decided,) = await workers.decided(first)
    loan = opened(decided)
    await workers.publish(loan, late(loan, 2, 4))

    async def next_reason() -> str:
        asked = ready(customer_id=first.customer_id)
        await workers.publish(asked)
        (decision,) = await workers.decided(asked)
        await workers.publish(withdrawn(asked))
        return decision.reasons[0].code

    async def is_past_due() -> bool:
        return await next_reason() == "PAST_DUE_WITH_US"

    async def is_repeat() -> bool:
        return await next_reason() == "REPAID_BEFORE"

    # Loan events come on a topic of their own: there is no order between them and the next application.
    await until(is_past_due, "the late loan is known")
    await workers.publish(late(loan, 3, 0), closed(loan, 4))
    await until(is_repeat, "the repaid loan is known")


async def test_a_closed_loan_that_is_owed_again_is_known_to_an_instance_that_starts_anew(workers: Workers) -> None:
    first = await workers.make().started()
    asked = ready()
    await workers.publish(asked)
    (decided,) = await workers.decided(asked)
    loan = opened(decided)
    await workers.publish(loan, paid(loan, 2, 0), closed(loan, 3))

    async def position() -> CustomerPosition:
        following = ready(customer_id=asked.customer_id)
        await workers.publish(following)
        (decision,) = await workers.decided(following)
        await workers.publish(withdrawn(following))
        return decision.position

    async def is_repaid() -> bool:
        return (await position()).loans_repaid == 1

    async def is_owed_again() -> bool:
        found = await position()
        return (found.loans_repaid, found.exposure, found.worst_days_past_due) == (0, 45_000, 181)

    await until(is_repaid, "the repaid loan is known")
    assert first.stop() == 0
    await workers.make().started()  # with a data folder of its own: the changelog is all it has
    await workers.publish(undone(loan, 4, 45_000), reopened(loan, 5, 45_500), charged_off(loan, 6))
    await until(is_owed_again, "the loan is owed again, and given up")
    await workers.publish(loan, paid(loan, 2, 0), closed(loan, 3), reopened(loan, 5, 45_500))  # late copies
    assert await is_owed_again()
    assert await workers.letters(0) == []


async def test_an_application_asked_about_again_gets_the_same_decision(workers: Workers) -> None:
    await workers.make().started()
    asked = ready()
    await workers.publish(asked)
    await workers.decided(asked)
    await workers.publish(asked.model_copy(update={"attempt": 2}), asked)

    async def three() -> list[Record]:
        found = await read_topic(workers.bootstrap, DECISION.name)
        return found if len(found) == 3 else []

    answers = await until(three, "each question is answered")
    assert len({answer.value for answer in answers}) == 1
    assert len({answer.header("ce_id") for answer in answers}) == 1


def poison(asked: ApplicationReady) -> list[Record]:
    """Records that no reader can make sense of, all in the place of one good one."""
    (good,) = records(asked)

    def broken(value: bytes | None = good.value, key: bytes | None = good.key, **headers: bytes | None) -> Record:
        kept = [(name, headers.get(name, each)) for name, each in good.headers]
        return Record(APPLICATION.name, key, value, tuple((name, each) for name, each in kept if each is not None))

    return [
        broken(value=b"not json"),
        broken(value=b""),
        broken(value=b"null"),
        broken(value=b'{"amount": -1}'),
        broken(value=None),
        broken(value=(good.value or b"").replace(b'"CNY"', b"7")),
        broken(value=b'{"purpose": "' + b"x" * 900_000 + b'"}'),
        broken(key=None),
        broken(key=b"\xff\xfe"),
        broken(key=str(uuid4()).encode()),
        broken(ce_id=None),
        broken(ce_type=b"\xff"),
        Record(APPLICATION.name, good.key, good.value, ()),
    ]


async def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(workers: Workers) -> None:
    worker = await workers.make().started()
    asked = [ready() for _ in range(20)]
    bad = poison(ready())
    await workers.send([*records(*asked[:10]), *bad, *records(*asked[10:])])
    await workers.decided(*asked)
    letters = await workers.letters(len(bad))
    assert len(letters) == len(bad)
    parsed = [parse(letter) for letter in letters]
    assert {(each.record.key, each.record.value) for each in parsed if isinstance(each, DeadLetter)} == {
        (each.key, each.value) for each in bad
    }
    assert all(isinstance(each, DeadLetter) and each.service == "risk" and each.error for each in parsed)
    assert worker.stop() == 0
    await workers.make().started()
    more = ready()
    await workers.publish(more)
    await workers.decided(more)
    assert len(await workers.letters(len(bad))) == len(bad)


async def test_a_rule_that_refuses_sends_to_the_dead_letters(workers: Workers) -> None:
    await workers.make().started()
    asked = ready()
    await workers.publish(asked)
    (decided,) = await workers.decided(asked)
    await workers.publish(asked.model_copy(update={"amount": 600_000}), late(opened(decided), 2, 1))
    letters = [parse(letter) for letter in await workers.letters(2)]
    codes = {each.errors[0].code for each in letters if isinstance(each, DeadLetter)}
    assert codes == {"already_decided", "unknown_loan"}


async def test_unknown_types_and_fields_are_passed_over(workers: Workers) -> None:
    await workers.make().started()
    asked = ready()
    (good,) = records(asked)
    headers = tuple((name, b"ApplicationPondered" if name == "ce_type" else each) for name, each in good.headers)
    newer = (good.value or b"").replace(b"{", b'{"field_of_2030": {"a": 1}, ', 1)
    await workers.send(
        [Record(good.topic, good.key, b"{}", headers), Record(good.topic, good.key, newer, good.headers)]
    )
    (decided,) = await workers.decided(asked)
    assert decided.outcome is Outcome.APPROVED
    assert await workers.letters(0) == []


async def test_too_many_dead_letters_in_a_row_stop_the_worker_loudly(workers: Workers) -> None:
    worker = await workers.make(LENDSTREAM_MAX_CONSECUTIVE_DEAD_LETTERS="3").started()
    (good,) = records(ready())
    await workers.send(Record(good.topic, good.key, b"poison", good.headers) for _ in range(10))
    await until(lambda: not worker.running(), "the worker gives up")
    assert worker.stop() == 1
    assert "more than 3 dead letters in a row" in worker.log.read_text()
    assert len(await workers.letters(3)) == 3


async def test_probes_and_metrics(workers: Workers) -> None:
    worker = workers.make().start()
    await until(worker.ready, "risk is ready")
    asked = [ready(submitted_at=datetime.now(UTC)), ready(currency="USD", submitted_at=datetime.now(UTC))]
    (good,) = records(ready())
    await workers.send([*records(*asked), Record(good.topic, good.key, b"poison", good.headers)])
    await workers.decided(*asked)
    await workers.letters(1)

    def alive() -> object:
        return httpx.get(f"{worker.url}/health/live").json()

    def shown() -> dict[str, float]:
        lines = httpx.get(f"{worker.url}/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    assert alive() == {"status": "live"}
    assert shown()['lendstream_decisions_total{outcome="approved"}'] == 1
    assert shown()['lendstream_decisions_total{outcome="declined"}'] == 1
    assert shown()['lendstream_decision_reasons_total{code="CURRENCY_MISMATCH",outcome="declined"}'] == 1
    assert shown()['lendstream_since_submission_seconds_count{milestone="decided"}'] == 2
    assert shown()['lendstream_dead_letters_total{code="json_invalid",topic="lending.application.v1"}'] == 1

    def lag() -> list[float]:
        return [value for name, value in shown().items() if name.startswith("lendstream_consumer_lag_records{")]

    await until(lambda: len(lag()) == 12 and not sum(lag()), "the lag of each partition is shown, and is 0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_commits_what_was_taken(workers: Workers, number: signal.Signals) -> None:
    worker = await workers.make().started()
    asked = [ready() for _ in range(200)]
    await workers.publish(*asked)
    await workers.decided(*asked)
    worker.send_signal(number)
    await until(lambda: not worker.running(), "the worker ends")
    assert worker.stop() == 0
    await workers.make().started()
    more = ready()
    await workers.publish(more)
    await workers.decided(more)
    assert len(await read_topic(workers.bootstrap, DECISION.name)) == 201


async def test_what_cannot_start_says_why(workers: Workers) -> None:
    worker = workers.make(LENDSTREAM_POLICIES="/nowhere").start()
    await until(lambda: not worker.running(), "the worker ends")
    assert worker.stop() == 1
    assert "/nowhere: no policy files" in worker.log.read_text()


async def test_a_port_that_is_taken_is_named(workers: Workers) -> None:
    first = await workers.make().started()
    second = workers.make(LENDSTREAM_HTTP_PORT=str(first.port)).start()
    await until(lambda: not second.running(), "the second ends")
    assert second.stop() == 1
    assert f"cannot listen on port {first.port}" in second.log.read_text()
