"""Records on a line: readable, never failing, without direct identifiers or commands to the terminal."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream import dead_letter
from lendstream.cli import show
from lendstream.envelope import Record

NOW = datetime(2026, 3, 2, 8, 15, 30, 120_000, tzinfo=UTC)
FIXTURES = Path(__file__).parents[2] / "contract" / "fixtures" / "v1"


def example(name: str) -> Record:
    """A committed record."""
    kept = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))[0]
    headers = tuple((key, text.encode()) for key, text in kept["headers"].items())
    return Record(kept["topic"], kept["key"].encode(), json.dumps(kept["value"]).encode(), headers, 0, 0, NOW)


def test_an_event_on_a_line() -> None:
    shown = show.line(example("lending.payment.v1/PaymentReceived")).plain
    assert shown.startswith("04-02 09:00:00.000  payment              …a7e6b066        PaymentReceived")
    assert "amount=171691  currency=CNY  value_date=2026-04-02  channel=bank-transfer" in shown
    assert "loan_id" not in shown, "it is the key"


def test_a_decision_shows_its_outcome_reasons_and_terms() -> None:
    shown = show.line(example("lending.decision.v1/ApplicationDecided")).plain
    assert "outcome=approved  reasons=WITHIN_LIMITS  terms.product=phone-instalment" in shown


def test_direct_identifiers_are_on_no_line_but_in_the_json() -> None:
    record = example("lending.intake.v1/ApplicationSubmitted")
    line = show.line(record).plain
    assert "ApplicationSubmitted" in line
    for identifier in ("110101199003070017", "王小明", "+8613800138000", "xiaoming@example.com", "1990-03-07"):
        assert identifier not in line
    assert show.as_dict(record)["data"]["identity"]["name"] == "王小明"


def test_a_record_that_does_not_decode_says_why() -> None:
    record = Record("lending.loan.v1", None, b"\x1b[31mred", (("ce_type", b"Loan\x1b[2J"),), 1, 2, NOW)
    shown = show.line(record).plain
    assert "not decodable: headers.ce_specversion" in shown
    assert "\x1b" not in shown
    assert [error["code"] for error in show.as_dict(record)["errors"]] == ["missing"] * 3


def test_a_type_of_a_newer_registry_and_a_tombstone_are_shown() -> None:
    newer = example("lending.payment.v1/PaymentReceived")
    headers = tuple((name, b"PaymentMused" if name == "ce_type" else value) for name, value in newer.headers)
    shown = show.line(Record(newer.topic, newer.key, newer.value, headers, 0, 0, NOW)).plain
    assert "PaymentMused" in shown
    assert "(not in this registry)={" in shown
    assert "(tombstone)" in show.line(Record("lending.customer.v1", b"k", None, (), 0, 0, NOW)).plain


def test_dead_letters_and_resolutions_are_told_from_the_events_they_hold() -> None:
    made = dead_letter.dead_letter(
        example("lending.loan.v1/LoanOpened"), service="risk", error=ValueError("no policy"), attempt=1, at=NOW
    )
    shown = show.line(made).plain
    assert shown.startswith("03-02 08:15:30.120")
    assert "type=LoanOpened  at=lending.loan.v1/0/0  error=ValueError: no policy" in shown
    letter = dead_letter.parse(made)
    assert isinstance(letter, dead_letter.DeadLetter)
    done = dead_letter.resolution(letter, action=dead_letter.Action.DROPPED, at=NOW, by="li.na", reason="old")
    assert "(dead letter dropped)" in show.line(done).plain
    assert show.as_dict(made)["value"]["sequence"] == 1


@pytest.mark.parametrize("topic", ["lending.loan.v1", "lending.customer.v1", "lending.dead-letter.risk.v1", "other"])
@given(
    key=st.none() | st.binary(max_size=50),
    value=st.none() | st.binary(max_size=200),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ["ce_id", "ce_type", "ce_time", "ce_source", "ce_specversion", "dlq_id", "dlq_resolves", "x"]
            ),
            st.binary(max_size=30)
            | st.sampled_from([b"LoanOpened", b"1.0", b"2026-13-99", b"0001-01-01T00:00:00+14:00"]),
        )
    ),
)
def test_no_record_makes_it_fail(
    topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    record = Record(topic, key, value, tuple(headers), 0, 0, NOW)
    assert all(each.isprintable() for each in show.line(record).plain)
    json.dumps(show.as_dict(record))
