"""Records to events and back, and what is wrong with a record, all at once."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.envelope import (
    Envelope,
    Erasure,
    Headers,
    Record,
    Tombstone,
    decode,
    encode,
    encode_erasure,
)
from lendstream.errors import DataError
from lendstream.events.base import Model, Rate, Timestamp
from lendstream.events.intake import ApplicationWithdrawn
from lendstream.events.loan import LoanClosed
from lendstream.topics import CUSTOMER

NOW = datetime(2026, 3, 2, 8, 15, 30, 120_000, tzinfo=UTC)
WITHDRAWN = ApplicationWithdrawn(reference="SHOP-1", reason="改变主意")
GOOD = encode(
    WITHDRAWN, id="e-1", source="partner/shop", time=NOW, causation_id="c-0", traceparent="00-a", partner="shop"
)


def with_headers(**changed: bytes | None) -> Record:
    """The good record with headers changed, or left out where None."""
    kept = [(name, value) for name, value in GOOD.headers if name not in changed]
    headers: Headers = tuple(kept + [(name, value) for name, value in changed.items() if value is not None])
    return replace(GOOD, headers=headers)


def reasons(record: Record) -> list[tuple[str, str]]:
    """Field and code of everything that is wrong."""
    with pytest.raises(DataError) as raised:
        decode(record)
    assert all(error.message and error.fix for error in raised.value.errors)
    return [(error.field, error.code) for error in raised.value.errors]


def test_an_event_survives_its_record() -> None:
    found = decode(GOOD)
    assert isinstance(found, Envelope)
    assert found.data == WITHDRAWN
    assert (found.id, found.source, found.time, found.type) == ("e-1", "partner/shop", NOW, "ApplicationWithdrawn")
    assert (found.parameter, found.causation_id, found.traceparent) == ("shop", "c-0", "00-a")
    assert found.correlation_id == "e-1", "an event without a cause begins its own story"
    assert (GOOD.topic, GOOD.key) == ("lending.intake.shop.v1", b"SHOP-1")


def test_the_schema_named_in_the_headers_is_a_uri() -> None:
    assert dict(GOOD.headers)["ce_dataschema"] == b"lendstream:/schemas/lending.intake.v1/ApplicationWithdrawn.json"


def test_a_type_that_the_topic_does_not_know_is_a_newer_writers() -> None:
    assert decode(with_headers(ce_type=b"ApplicationReconsidered")) is None


def test_what_a_reader_does_not_want_is_not_read() -> None:
    broken = replace(GOOD, value=b"not json")
    assert decode(broken, {LoanClosed}) is None
    assert isinstance(decode(GOOD, {ApplicationWithdrawn}), Envelope)
    with pytest.raises(DataError):
        decode(broken, {ApplicationWithdrawn})


def test_a_record_without_optional_headers_is_read() -> None:
    record = with_headers(ce_time=None, ce_subject=None, ce_correlationid=None, ce_causationid=None, traceparent=None)
    found = decode(replace(record, timestamp=NOW))
    assert isinstance(found, Envelope)
    assert (found.time, found.correlation_id, found.causation_id) == (NOW, "e-1", None)


def test_every_reason_is_told_at_once() -> None:
    record = replace(with_headers(ce_id=None, ce_source=b"\xff"), value=b'{"reference": 5, "reason": null}')
    assert reasons(record) == [
        ("headers.ce_source", "not_utf8"),
        ("headers.ce_id", "missing"),
        ("headers.ce_source", "missing"),
        ("reference", "string_type"),
        ("reason", "string_type"),
    ]


def test_a_wrong_key_and_a_missing_header_are_told_together() -> None:
    assert reasons(replace(with_headers(ce_id=b""), key=None)) == [
        ("headers.ce_id", "missing"),
        ("key", "key_mismatch"),
    ]


@pytest.mark.parametrize("value", [b"", b"not json", b"\xff\xfe", b"[]", b"null", b"5", b'{"reference":', b"{" * 5000])
def test_what_is_no_json_object_is_told(value: bytes) -> None:
    assert [code for _, code in reasons(replace(GOOD, value=value))] in (["json_invalid"], ["model_type"])


@pytest.mark.parametrize(
    ("text", "refused"),
    [(r"a\u0000b", True), (r"a\\u0000b", False), (r"a\\\u0000b", True), (r"\\\\u0000", False), (r"\u00001", True)],
)
def test_a_nul_is_refused_however_it_is_written(text: str, refused: bool) -> None:
    record = replace(GOOD, value=b'{"reference": "SHOP-1", "reason": "%s"}' % text.encode())
    if refused:
        assert reasons(record) == [("", "nul_character")]
    else:
        assert isinstance(decode(record), Envelope)


@pytest.mark.parametrize("said", [b"yesterday", b"2026-02-30T00:00:00Z", b"0001-01-01T00:00:00+14:00", b"1772439330"])
def test_a_ce_time_that_is_none_is_told(said: bytes) -> None:
    assert reasons(with_headers(ce_time=said)) == [("headers.ce_time", "datetime_parsing")]


def test_a_ce_time_is_turned_into_utc() -> None:
    found = decode(with_headers(ce_time=b"2026-03-02T16:15:30+08:00"))
    assert isinstance(found, Envelope)
    assert found.time.isoformat() == "2026-03-02T08:15:30+00:00"


@pytest.mark.parametrize("name", ["ce_id", "traceparent", "ce_correlationid"])
@pytest.mark.parametrize("value", [b"x" * 257, b"a\0b"])
def test_a_header_that_no_database_should_keep_is_told(name: str, value: bytes) -> None:
    assert (f"headers.{name}", "bad_header") in reasons(with_headers(**{name: value}))


def test_a_tombstone_belongs_on_a_compacted_topic_only() -> None:
    record = encode_erasure(Erasure(CUSTOMER, "k-1"), id="e-9", source="lendstream/application", time=NOW)
    found = decode(record)
    assert isinstance(found, Tombstone)
    assert (found.topic, found.key, found.id) == (CUSTOMER, "k-1", "e-9")
    assert [code for _, code in reasons(replace(GOOD, value=None))] == ["tombstone"]
    assert [code for _, code in reasons(replace(record, key=None))] == ["tombstone"]


def test_an_unknown_topic_is_told() -> None:
    assert reasons(replace(GOOD, topic="lending.intake.v1")) == [("topic", "unknown_topic")]


@given(
    topic=st.sampled_from(
        ["lending.intake.shop.v1", "lending.loan.v1", "lending.customer.v1", "lending.dead-letter.risk.v1"]
    ),
    key=st.none() | st.binary(max_size=20),
    value=st.none()
    | st.binary(max_size=300)
    | st.text(max_size=80).map(lambda text: json.dumps({"reference": text}).encode()),
    headers=st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in GOOD.headers]),
            st.binary(max_size=40) | st.sampled_from([value for _, value in GOOD.headers]),
        ),
        max_size=14,
    ),
)
def test_no_record_raises_anything_but_data_errors(
    topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    with suppress(DataError):
        decode(Record(topic, key, value, (*headers, *GOOD.headers), 0, 0, NOW))


class Priced(Model):
    """A model of the contract's exact types."""

    rate: Rate
    """A rate."""
    at: Timestamp
    """A moment."""


@pytest.mark.parametrize("rate", ["0", "0.18", "10", "0.0000000001", "9.99999999999"])
def test_a_rate_keeps_its_digits(rate: str) -> None:
    found = Priced.model_validate_json(json.dumps({"rate": rate, "at": "2026-03-02T08:15:30Z"}))
    assert found.rate == Decimal(rate)
    assert json.loads(found.model_dump_json())["rate"] == rate


@pytest.mark.parametrize(
    "rate", ["-0.1", "10.1", "1e-2", " 0.1", "0,18", "18%", "٣", "1_0", "NaN", "Infinity", "", 0.18, 1, None]
)
def test_a_rate_in_another_spelling_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate"):
        Priced.model_validate_json(json.dumps({"rate": rate, "at": "2026-03-02T08:15:30Z"}))


@given(st.decimals(0, 10, places=11) | st.decimals(0, 10, places=3) | st.integers(0, 10).map(Decimal))
def test_a_rate_computed_within_its_digits_can_be_read_again(rate: Decimal) -> None:
    try:
        made = Priced(rate=rate, at=NOW)
    except ValueError:  # more than 12 digits in all
        return
    assert Priced.model_validate_json(made.model_dump_json()) == made


def test_amounts_are_whole_numbers_without_conversion() -> None:
    closed = {
        "loan_id": "9e4c3d1b-7a6f-5c8e-92b5-d3f1a7e6b066",
        "customer_id": "0f8e6a52-3c1d-5b7a-8d2e-6a9c4b1f7e33",
        "sequence": 1,
        "closed_on": "2026-03-02",
        "credit": 0,
        "currency": "CNY",
    }
    assert LoanClosed.model_validate_json(json.dumps(closed)).credit == 0
    for amount in (1.0, "1", True, -1, 10**12 + 1, None):
        with pytest.raises(ValueError, match="credit"):
            LoanClosed.model_validate_json(json.dumps({**closed, "credit": amount}))
