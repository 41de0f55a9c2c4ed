"""`lendstream dlq`: from a record that fails to one that is handled after all, or given up."""

from datetime import UTC, datetime

from integration.cli.conftest import Broker, Lendstream, in_json
from lendstream import dead_letter
from lendstream.envelope import Record, decode
from lendstream.errors import DataError
from lendstream.topics import INTAKE, LOAN

INTAKE_TOPIC = INTAKE.named("phone-shop")
NOW = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"partner/phone-shop"),
    ("ce_type", b"ApplicationWithdrawn"),
    ("x-raw", b"\xff\x00"),
)


def fail(broker: Broker, record: Record, error: Exception, service: str = "application") -> None:
    """Do as a service that cannot handle a record."""
    attempt = dead_letter.attempt_of(record)
    broker.send([dead_letter.dead_letter(record, service=service, error=error, attempt=attempt, at=NOW)])


def published(broker: Broker, *records: Record) -> list[Record]:
    """The records as the broker has them."""
    broker.send(records)
    return broker.read(*{record.topic for record in records})


def undecodable(record: Record) -> DataError:
    """What decoding the record says."""
    try:
        decode(record)
    except DataError as error:
        return error
    raise AssertionError("it decodes")


def test_a_record_is_retried_and_fails_again_and_is_dropped(lendstream: Lendstream, broker: Broker) -> None:
    (record,) = published(broker, Record(INTAKE_TOPIC, b"SHOP-1", b'{"reference": "SHOP 1", "reason": 5}', HEADERS))
    fail(broker, record, undecodable(record))

    (first,) = in_json(lendstream("dlq", "list", "--json"))
    assert (first["state"], first["service"], first["type"]) == ("open", "application", "ApplicationWithdrawn")
    assert (first["topic"], first["partition"], first["offset"]) == (INTAKE_TOPIC, record.partition, 0)
    assert [error["field"] for error in first["errors"]] == ["reference", "reason"]

    shown = lendstream("dlq", "show", first["id"][:6]).output
    assert "reference: String should match pattern" in shown
    assert '"reference": "SHOP 1"' in shown
    assert "x-raw: \\xff·" in shown, "bytes that a terminal might take for a command are not printed"

    assert f"retried {first['id'][:8]} to {INTAKE_TOPIC}, attempt 2" in lendstream("dlq", "retry", first["id"]).output
    _, again = broker.read(INTAKE_TOPIC)
    assert (again.key, again.value, again.partition) == (record.key, record.value, record.partition)
    assert again.headers == (*record.headers, ("dlq_retry", b"2"))
    assert in_json(lendstream("dlq", "list", "--json")) == []
    assert "--all shows the others" in lendstream("dlq", "list").output
    assert "was retried already" in lendstream("dlq", "retry", first["id"]).output

    fail(broker, again, undecodable(again))
    (second,) = in_json(lendstream("dlq", "list", "--json"))
    assert (second["attempt"], second["offset"]) == (2, 1)
    assert second["id"] != first["id"]

    assert lendstream("dlq", "drop", second["id"]).exit_code == 2, "a reason is asked for"
    assert lendstream("dlq", "drop", second["id"], "--reason", "  ").exit_code == 2
    dropped = lendstream("dlq", "drop", second["id"], "--reason", "the shop sent it anew", "--by", "li.na")
    assert dropped.exit_code == 0
    both = in_json(lendstream("dlq", "list", "--all", "--json"))
    assert [(each["state"], each["resolution"]["by"] == "li.na") for each in both] == [
        ("retried", False),
        ("dropped", True),
    ]
    assert both[1]["resolution"]["reason"] == "the shop sent it anew"
    assert "dropped by li.na" in lendstream("dlq", "show", second["id"]).output
    assert len(broker.read(INTAKE_TOPIC)) == 2, "a dropped record is not published"


def test_a_record_that_failed_twice_is_one_dead_letter(lendstream: Lendstream, broker: Broker) -> None:
    (record,) = published(broker, Record(LOAN.name, b"k", b"{}", HEADERS))
    for _ in range(2):
        fail(broker, record, ValueError("no"), "risk")
    fail(broker, record, ValueError("no"), "notifications")
    listed = in_json(lendstream("dlq", "list", "--json"))
    assert sorted((each["service"], each["seen"]) for each in listed) == [("notifications", 1), ("risk", 2)]
    assert [each["service"] for each in in_json(lendstream("dlq", "list", "--service", "risk", "--json"))] == ["risk"]


def test_many_are_retried_by_service_and_type_after_asking(lendstream: Lendstream, broker: Broker) -> None:
    other = tuple((name, b"LoanClosed" if name == "ce_type" else value) for name, value in HEADERS)
    records = published(
        broker, *(Record(LOAN.name, b"k-%d" % number, b"{}", HEADERS if number % 2 else other) for number in range(6))
    )
    for record in records:
        fail(broker, record, ValueError("the database refused it"), "risk")
    fail(broker, records[0], ValueError("no"), "notifications")
    retry = ("dlq", "retry", "--all", "--service", "risk", "--type", "LoanClosed")
    assert lendstream(*retry, stdin="n\n").exit_code == 1
    assert len(broker.read(LOAN.name)) == 6
    assert len(in_json(lendstream(*retry, "--yes", "--json"))) == 3
    published_again = [record for record in broker.read(LOAN.name) if record.header("dlq_retry")]
    assert {record.header("ce_type") for record in published_again} == {"LoanClosed"}
    assert len(published_again) == 3
    left = in_json(lendstream("dlq", "list", "--json"))
    assert sorted(each["service"] for each in left) == ["notifications", "risk", "risk", "risk"]
    assert in_json(lendstream(*retry, "--yes", "--json")) == []
    assert "No open dead letters." in lendstream(*retry, "--yes").output


def test_tombstones_and_records_without_key_or_type_can_be_dealt_with(lendstream: Lendstream, broker: Broker) -> None:
    records = published(broker, Record(INTAKE_TOPIC, b"k", None, ()), Record(INTAKE_TOPIC, None, b"\xff{", ()))
    for record in records:
        fail(broker, record, undecodable(record))
    neither = Record(LOAN.name, None, None, (), 3, 7)
    fail(broker, neither, undecodable(neither), "risk")
    listed = lendstream("dlq", "list").output
    assert listed.count("attempt 1") == 3
    for each in in_json(lendstream("dlq", "list", "--json")):
        assert lendstream("dlq", "show", each["id"]).exit_code == 0
    assert lendstream("dlq", "retry", "--all", "--yes").exit_code == 0
    assert in_json(lendstream("dlq", "list", "--json")) == []
    again = [record for record in broker.read(INTAKE_TOPIC) if record.header("dlq_retry")]
    assert sorted((record.key or b"", record.value or b"") for record in again) == [(b"", b"\xff{"), (b"k", b"")]


def test_a_dead_letter_of_a_large_record_goes_through(lendstream: Lendstream, broker: Broker) -> None:
    value = b'{"reference": "' + b"x" * 1_040_000 + b'"}'
    (record,) = published(broker, Record(INTAKE_TOPIC, b"k", value, HEADERS))
    fail(broker, record, undecodable(record))
    (listed,) = in_json(lendstream("dlq", "list", "--json"))
    assert lendstream("dlq", "retry", listed["id"]).exit_code == 0
    assert [len(each.value or b"") for each in broker.read(INTAKE_TOPIC)] == [len(value)] * 2


def test_strange_records_and_unknown_ids_are_told(lendstream: Lendstream, broker: Broker) -> None:
    assert "No dead letters." in lendstream("dlq", "list").output
    broker.send([Record("lending.dead-letter.risk.v1", b"k", b"nonsense", ())])
    assert "no dead letter: lending.dead-letter.risk.v1/0/0" in lendstream("dlq", "list").output
    unknown = lendstream("dlq", "show", "abcd")
    assert unknown.exit_code == 1
    assert "No dead letter has the id abcd" in unknown.output
    assert lendstream("dlq", "retry").exit_code == 2
    assert lendstream("dlq", "retry", "abcd", "--all").exit_code == 2


def test_a_retry_to_a_topic_that_is_gone_publishes_nothing(lendstream: Lendstream, broker: Broker) -> None:
    gone = Record("lending.intake.closed-shop.v1", b"k", b"{}", HEADERS, 0, 3)
    fail(broker, gone, ValueError("no"))
    refused = lendstream("dlq", "retry", "--all", "--yes")
    assert refused.exit_code == 1
    assert "no topic lending.intake.closed-shop.v1 any more" in refused.output
    assert [each["state"] for each in in_json(lendstream("dlq", "list", "--json"))] == ["open"]
