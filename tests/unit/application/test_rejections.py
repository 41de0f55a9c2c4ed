"""Whatever a partner puts on the intake topic is handled or answered: never an exception, never silence."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lendstream.envelope import Envelope, Record, encode
from lendstream.errors import DataError, FieldError
from lendstream.events.intake import ApplicationSubmitted, SubmissionRejected
from lendstream.runtime.intake import read
from lendstream_application.domain.customer import keep_profile
from lendstream_application.domain.rejection import rejected
from lendstream_application.domain.submission import submit
from unit.application.samples import DESK, PARTNER, content, context, record, submission

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=80),
    st.sampled_from(["", "\0", "NaN", "2026-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "１２"]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
)
PATHS = (
    *(name for name in content() if name not in ("identity", "finances", "consents")),
    *(f"identity__{name}" for name in content()["identity"]),
    *(f"finances__{name}" for name in content()["finances"]),
    *(f"consents__{name}" for name in content()["consents"]),
    "identity",
    "finances",
    "consents",
)


def answer(given: Record, error: DataError | None = None) -> SubmissionRejected:
    """What the partner is told of a record."""
    if error is None:
        found = read(given).error
        assert isinstance(found, DataError)
        error = found
    (event,) = rejected(given, error, PARTNER)
    assert isinstance(event, SubmissionRejected)
    told = encode(event, id=str(uuid4()), source="lendstream/application", time=context().now)
    assert SubmissionRejected.model_validate_json(told.value or b"") == event
    assert told.topic == f"lending.intake-result.{PARTNER}.v1"
    return event


def outcome(given: Record) -> SubmissionRejected | None:
    """Take a record through all that the service does to it; None if it was accepted."""
    item = read(given)
    if item.error is None:
        assert isinstance(item.content, Envelope)
        if not isinstance(item.content.data, ApplicationSubmitted):
            return None
        try:
            assert submit(DESK, None, item.content.data, context())[0]
            assert keep_profile(DESK, None, item.content.data, context())[0]
        except DataError as error:
            return answer(given, error)
        return None
    return answer(given)


@given(
    value=st.binary(max_size=300) | anything.map(lambda data: json.dumps(data).encode()),
    kind=st.sampled_from(["ApplicationSubmitted", "OfferAccepted", "ApplicationWithdrawn", "Nonsense", ""]),
    key=st.none() | st.text(max_size=80).filter(lambda text: text.isascii()),
)
@example(value=b"[" * 100_000, kind="ApplicationSubmitted", key="SHOP-1")
@example(value=b'{"reference": "\\ud800"}', kind="ApplicationSubmitted", key="SHOP-1")
@example(value=b'{"reference": "' + b"a" * 100_000 + b'"}', kind="ApplicationSubmitted", key=None)
@example(value=b"9" * 10_000, kind="ApplicationSubmitted", key=None)
def test_arbitrary_bytes_and_json_are_answered(value: bytes, kind: str, key: str | None) -> None:
    told = outcome(record(value, kind=kind, key=key))
    assert told is not None
    assert told.reasons
    assert all(each.code and each.message and each.fix for each in told.reasons)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion", "traceparent", "x"]),
            st.binary(max_size=300),
        ),
        max_size=8,
    )
)
def test_arbitrary_headers_are_answered(headers: list[tuple[str, bytes]]) -> None:
    whole = Record("lending.intake.phone-shop.v1", b"SHOP-1", json.dumps(content()).encode(), tuple(headers), 0, 3)
    told = outcome(whole)
    if told is not None:
        assert told.reference == "SHOP-1"
        assert told.rejected_id


@given(changes=st.dictionaries(st.sampled_from(PATHS), anything, min_size=1, max_size=5))
def test_a_submission_with_fields_replaced_by_anything_is_taken_or_answered(changes: dict[str, Any]) -> None:
    whole = {name: value for name, value in changes.items() if "__" not in name}
    parts = {name: value for name, value in changes.items() if "__" in name and name.split("__")[0] not in whole}
    told = outcome(record(json.dumps(content(**parts, **whole)).encode()))
    if told is not None:
        allowed = {name.replace("__", ".") for name in changes} | {"key", ""}
        for reason in told.reasons:
            assert any(reason.field == name or reason.field.startswith(f"{name}.") for name in allowed), reason


WRONG: dict[str, Any] = {
    "reference": "not a reference!",
    "product": 7,
    "amount": -5,
    "currency": "yuan",
    "instalments": "six",
    "purpose": "x" * 201,
    "payout_account": None,
    "submitted_at": "yesterday",
    "disburse_on": "2026-02-30",
    "language": "tlh",
    "identity__identity_number": "",
    "identity__birth_date": 19900307,
    "identity__mobile": "13800138000",
    "identity__email": "nobody",
    "finances__employment_status": "pirate",
    "finances__monthly_income": 1.5,
    "consents__data_processing": "yes",
}


@given(st.sets(st.sampled_from(sorted(WRONG)), min_size=1))
def test_every_wrong_field_is_named_at_once(names: set[str]) -> None:
    told = outcome(record(json.dumps(content(**{name: WRONG[name] for name in names})).encode()))
    assert told is not None
    assert {each.field for each in told.reasons} - {"key"} == {name.replace("__", ".") for name in names}
    assert len(told.model_dump_json()) < 20_000


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        (record(None), "value", "tombstone"),
        (record(b"not json"), "", "json_invalid"),
        (record(b"null"), "", "model_type"),
        (record(json.dumps(content()).encode(), key="SHOP-2"), "key", "key_mismatch"),
        (record(json.dumps(content()).encode(), key=None), "key", "key_mismatch"),
        (record(json.dumps(content()).encode(), kind="LoanOpened"), "headers.ce_type", "unknown_type"),
        (record(json.dumps(content(purpose="a\0b")).encode()), "", "nul_character"),
    ],
    ids=["tombstone", "not json", "null", "another key", "no key", "unknown type", "nul"],
)
def test_what_is_no_submission_is_answered(given: Record, field: str, code: str) -> None:
    told = answer(given)
    assert [(each.field, each.code) for each in told.reasons] == [(field, code)]
    assert told.rejected_id == given.header("ce_id")


def test_a_megabyte_of_text_gets_a_short_answer() -> None:
    told = outcome(record(json.dumps(content(purpose="x" * 1_000_000)).encode()))
    assert told is not None
    assert [(each.field, each.code) for each in told.reasons] == [("purpose", "string_too_long")]
    assert len(told.model_dump_json()) < 1_000


def test_missing_headers_are_all_named() -> None:
    bare = Record("lending.intake.phone-shop.v1", b"SHOP-1", json.dumps(content()).encode(), (), 2, 9)
    told = answer(bare)
    assert {each.field for each in told.reasons} >= {"headers.ce_id", "headers.ce_type", "headers.ce_source"}
    assert (told.reference, told.rejected_id) == ("SHOP-1", "lending.intake.phone-shop.v1/2/9")


def test_the_reference_is_the_records_else_its_key() -> None:
    error = DataError(FieldError("", "bad", "Bad.", "Mend it."))
    assert answer(record(b'{"reference": "A-1"}', key="B-2"), error).reference == "A-1"
    assert answer(record(b'{"reference": 5}', key="B-2"), error).reference == "B-2"
    assert answer(record(b"junk", key="B-2"), error).reference == "B-2"
    assert answer(record(b"junk", key=None), error).reference == ""


def test_a_newer_minor_version_with_unknown_fields_is_taken_in() -> None:
    newer = content() | {"colour": "green", "nested": {"deep": [1, 2, {"x": None}]}}
    newer["identity"]["nickname"] = "Ming"
    assert outcome(record(json.dumps(newer).encode())) is None
    item = read(record(json.dumps(newer).encode()))
    assert isinstance(item.content, Envelope)
    assert item.content.data == submission()


def test_nobody_is_answered_where_no_partner_can_be() -> None:
    error = DataError(FieldError("", "bad", "Bad.", "Mend it."))
    assert rejected(record(b""), error, None) == ()
    assert rejected(record(b""), error, "x") == ()
