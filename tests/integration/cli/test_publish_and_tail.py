"""`lendstream validate`, `publish` and `tail` with real records."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from integration.cli.conftest import Broker, Lendstream, in_json, json_lines
from lendstream.admin import apply_topics
from lendstream.envelope import Envelope, Record, decode
from lendstream.topics import INTAKE
from support.broker import fresh_topics, producer
from support.waiting import until

FIXTURES = Path(__file__).parents[2] / "contract" / "fixtures" / "v1"
SUBMITTED: dict[str, Any] = json.loads(
    (FIXTURES / "lending.intake.v1" / "ApplicationSubmitted.json").read_text(encoding="utf-8")
)[0]["value"]
INTAKE_TOPIC = INTAKE.named("phone-shop")


def submission(number: int, **changed: Any) -> dict[str, Any]:
    """An application with a reference of its own."""
    return {**SUBMITTED, "reference": f"SHOP-{number}", **changed}


def lines(*documents: Any) -> str:
    """JSON lines."""
    return "\n".join(json.dumps(each) for each in documents)


def test_what_is_published_is_what_readers_take(lendstream: Lendstream, broker: Broker) -> None:
    documents = [submission(number) for number in range(20)]
    sent = in_json(
        lendstream("publish", "ApplicationSubmitted", "--partner", "phone-shop", "--json", stdin=lines(*documents))
    )
    assert {each["topic"] for each in sent} == {INTAKE_TOPIC}
    events = [decode(record) for record in broker.read(INTAKE_TOPIC)]
    assert all(isinstance(event, Envelope) and event.source == "partner/phone-shop" for event in events)
    assert {event.id for event in events if isinstance(event, Envelope)} == {each["id"] for each in sent}

    shown = json_lines(lendstream("tail", "--no-follow", "--json"))
    assert sorted(each["data"]["reference"] for each in shown) == sorted(each["reference"] for each in documents)
    assert [each["timestamp"] for each in shown] == sorted(each["timestamp"] for each in shown), "the oldest first"
    assert shown[0]["headers"]["ce_type"] == "ApplicationSubmitted"


def test_an_id_and_a_story_can_be_given(lendstream: Lendstream, broker: Broker) -> None:
    day = {"lender": "lendstream", "day": "2026-03-02"}
    options = ("--id", "day-1", "--correlation", "story-1", "--source", "scheduler")
    assert lendstream("publish", "BusinessDayStarted", *options, stdin=lines(day)).exit_code == 0
    (record,) = broker.read("lending.calendar.v1")
    event = decode(record)
    assert isinstance(event, Envelope)
    assert (event.id, event.correlation_id, event.source) == ("day-1", "story-1", "scheduler")
    assert lendstream("publish", "BusinessDayStarted", "--id", "x", stdin=lines(day, day)).exit_code == 2
    assert lendstream("publish", "BusinessDayStarted", "--id", "x" * 300, stdin=lines(day)).exit_code == 1


def test_one_wrong_document_and_none_is_published(lendstream: Lendstream, broker: Broker) -> None:
    documents = lines(submission(1), submission(2, amount=-1, currency="yuan"), submission(3, identity=None))
    refused = lendstream("publish", "ApplicationSubmitted", "--partner", "phone-shop", stdin=documents)
    assert refused.exit_code == 1
    assert "document 2: not a valid ApplicationSubmitted, 2 reasons" in refused.output
    assert "Nothing was published." in refused.output
    assert broker.read(INTAKE_TOPIC) == []


def test_the_key_may_stand_in_for_its_field_but_not_contradict_it(lendstream: Lendstream, broker: Broker) -> None:
    withdraw = ("publish", "ApplicationWithdrawn", "--partner", "phone-shop", "--key", "SHOP-7")
    assert lendstream(*withdraw, stdin="{}").exit_code == 0
    assert [record.key for record in broker.read(INTAKE_TOPIC)] == [b"SHOP-7"]
    assert "key_mismatch" in lendstream(*withdraw, stdin='{"reference": "SHOP-8"}').output
    made = (FIXTURES / "lending.intake-result.v1" / "OfferMade.json").read_text(encoding="utf-8")
    wrong = lendstream("publish", "OfferMade", "--partner", "clinic", stdin=lines(json.loads(made)[0]["value"]))
    assert wrong.exit_code == 1
    assert "It says 'phone-shop'" in wrong.output


def test_a_topic_that_is_missing_is_told_with_the_remedy(lendstream: Lendstream, broker: Broker) -> None:
    missing = lendstream("publish", "ApplicationSubmitted", "--partner", "new-shop", stdin=lines(submission(1)))
    assert missing.exit_code == 1
    assert "no topic lending.intake.new-shop.v1" in missing.output
    assert "lendstream topics apply --partner new-shop" in missing.output
    assert lendstream("publish", "ApplicationSubmitted", stdin=lines(submission(1))).exit_code == 2


def test_a_document_that_the_topic_cannot_take_is_refused_before(lendstream: Lendstream, broker: Broker) -> None:
    reasons = [{"code": "A", "zh": "额" * 400_000, "en": "x"}]
    document = {
        "partner": "phone-shop",
        "reference": "S-1",
        "application_id": "5b3bb0a4-5f0f-5f6f-9b0e-2f4c1d7e8a11",
        "status": "declined",
        "reasons": reasons,
    }
    refused = lendstream("publish", "ApplicationStatusChanged", stdin=lines(document))
    assert refused.exit_code == 1
    assert "too_large" in refused.output


def test_validate_tells_every_reason_and_typing_slips(lendstream: Lendstream, tmp_path: Path) -> None:
    file = tmp_path / "application.json"
    file.write_text(json.dumps(submission(1, purpos="x")), encoding="utf-8")
    good = lendstream("validate", str(file), "--type", "ApplicationSubmitted")
    assert good.exit_code == 0
    assert "OK, a valid ApplicationSubmitted" in good.output
    assert "purpos: unknown field" in good.output

    file.write_text(json.dumps(submission(1, amount="5", instalments=0)), encoding="utf-8")
    bad = lendstream("validate", str(file), "--type", "ApplicationSubmitted", "--json")
    assert bad.exit_code == 1
    (found,) = json.loads(bad.stdout)
    assert [(error["field"], error["code"]) for error in found["errors"]] == [
        ("amount", "int_type"),
        ("instalments", "greater_than_equal"),
    ]


def test_records_that_do_not_decode_are_shown_as_such(lendstream: Lendstream, broker: Broker) -> None:
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"x"), ("ce_type", b"ApplicationSubmitted"))
    broker.send(
        [
            Record(INTAKE_TOPIC, b"a", b"not json", headers),
            Record(INTAKE_TOPIC, b"\xff", b"\x00\xff\x1b[31m", ()),
            Record(INTAKE_TOPIC, b"a", None, headers),
            Record(INTAKE_TOPIC, None, b"{}", (*headers[:3], ("ce_type", b"ApplicationPondered"))),
            Record("lending.customer.v1", b"k", None, ()),
        ]
    )
    shown = lendstream("tail", "--no-follow")
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) == 5
    assert shown.output.count("not decodable") == 3
    assert "ApplicationPondered" in shown.output
    assert "(tombstone)" in shown.output
    assert len(json_lines(lendstream("tail", "--no-follow", "--json"))) == 5


def test_records_are_filtered(lendstream: Lendstream, broker: Broker) -> None:
    documents = lines(submission(11), submission(12), submission(22))
    sent = in_json(lendstream("publish", "ApplicationSubmitted", "--partner", "phone-shop", "--json", stdin=documents))
    withdrawn = ("publish", "ApplicationWithdrawn", "--partner", "phone-shop", "--correlation", sent[0]["id"])
    lendstream(*withdrawn, "--key", "SHOP-11", stdin="{}")
    lendstream("publish", "BusinessDayStarted", stdin='{"lender": "lendstream", "day": "2026-03-02"}')

    def kinds(*options: str) -> list[tuple[str, str]]:
        return [
            (each["key"], each["type"]) for each in json_lines(lendstream("tail", "--no-follow", "--json", *options))
        ]

    assert len(kinds()) == 5
    assert {key for key, _ in kinds("--key", "SHOP-1")} == {"SHOP-11", "SHOP-12"}
    assert kinds("--type", "ApplicationWithdrawn", "--type", "BusinessDayStarted") == [
        ("SHOP-11", "ApplicationWithdrawn"),
        ("lendstream", "BusinessDayStarted"),
    ]
    assert kinds("--correlation", sent[0]["id"]) == [
        ("SHOP-11", "ApplicationSubmitted"),
        ("SHOP-11", "ApplicationWithdrawn"),
    ]
    assert kinds("lending.cal*") == [("lendstream", "BusinessDayStarted")]
    assert len(kinds("lending.intake.*", "--limit", "2")) == 2
    assert len(kinds("--partner", "phone-shop")) == 4
    assert lendstream("tail", "--no-follow", "--partner", "nobody").exit_code == 1


async def test_tail_follows_new_records_and_new_topics_until_it_is_interrupted(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    await fresh_topics(kafka_bootstrap)
    out = tmp_path / "tail.txt"
    environment = {**os.environ, "LENDSTREAM_KAFKA_BOOTSTRAP": kafka_bootstrap}
    with out.open("w") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from lendstream.cli.main import app; app()", "tail", "--json",
            stdout=stream, stderr=stream, env=environment,
        )  # fmt: skip
    sent = 0

    async def shown(topic: str) -> bool:
        nonlocal sent
        sent += 1
        async with producer(kafka_bootstrap) as send:
            await send([Record(topic, b"k-%d" % sent, b"{}", ())])
        return topic in out.read_text(encoding="utf-8")

    try:
        await until(lambda: shown("lending.loan.v1"), "tail shows a record published after it began")
        await apply_topics(kafka_bootstrap, ["late-shop"])
        late = INTAKE.named("late-shop")
        await until(lambda: shown(late), "tail shows a record of a topic made after it began")
        process.send_signal(signal.SIGINT)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 130
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    places = [(each["topic"], each["partition"], each["offset"]) for each in records]
    assert len(places) == len(set(places)), "nothing is shown twice"
    assert 0 in {offset for topic, _, offset in places if topic == late}, "a new topic is read from its beginning"
