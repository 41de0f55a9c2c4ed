"""Documents from files: how they are split, checked, and matched to an event."""

import json
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from lendstream.cli import documents
from lendstream.cli.publish import new_id
from lendstream.events import application, intake
from lendstream.events.payment import PaymentReceived

PAYMENT: dict[str, Any] = {
    "payment_id": "pay_1",
    "loan_id": "9e4c3d1b-7a6f-5c8e-92b5-d3f1a7e6b066",
    "amount": 500,
    "currency": "CNY",
    "value_date": "2026-04-02",
    "channel": "bank-transfer",
}


def checked(content: str | bytes, fill: dict[str, str] | None = None) -> list[documents.Checked]:
    """What is found of payments in the content."""
    raw = content if isinstance(content, bytes) else content.encode()
    return list(documents.check(PaymentReceived, raw, fill))


def test_one_document_over_several_lines() -> None:
    found = checked(json.dumps(PAYMENT, indent=2))
    assert [each.event for each in found] == [PaymentReceived.model_validate_json(json.dumps(PAYMENT))]


def test_json_lines_with_blank_lines_keep_their_line_numbers() -> None:
    found = checked(f"\n{json.dumps(PAYMENT)}\n\nnot json\n{json.dumps({**PAYMENT, 'amount': 0})}\n")
    assert [(each.line, [error.code for error in each.errors]) for each in found] == [
        (2, []),
        (4, ["json_invalid"]),
        (5, ["greater_than"]),
    ]


def test_a_json_list_of_documents() -> None:
    found = checked(json.dumps([PAYMENT, 5, PAYMENT]))
    assert [(each.line, bool(each.errors)) for each in found] == [(1, False), (2, True), (3, False)]


def test_every_reason_is_found_at_once() -> None:
    found = checked(json.dumps({**PAYMENT, "amount": "500", "currency": "yuan", "value_date": None, "loan_id": "x"}))
    assert {error.field for error in found[0].errors} == {"amount", "currency", "value_date", "loan_id"}
    assert all(error.fix for error in found[0].errors)


@pytest.mark.parametrize("content", ["", " \n", "[]", "not json", b"\xff\xfe\x00", b'{"a": "\xff"}', "[" * 20, "nul"])
def test_what_is_no_document_is_an_error_and_no_crash(content: str | bytes) -> None:
    found = checked(content)
    assert found
    assert all(each.errors and each.event is None for each in found)


def test_a_byte_order_mark_is_no_error() -> None:
    assert not checked(b"\xef\xbb\xbf" + json.dumps(PAYMENT).encode())[0].errors


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)
    )
)
def test_no_json_makes_the_check_fail_otherwise_than_by_reasons(document: Any) -> None:
    raw = json.dumps(document).encode()
    for each in documents.check(intake.ApplicationSubmitted, raw, {"reference": "R1"}):
        assert each.event is None
        assert each.errors


def test_unknown_fields_are_told_at_any_depth() -> None:
    known = {"reference": "R", "reasons": [{"code": "A", "zh": "x", "en": "y", "de": "z"}], "aplication_id": 1}
    found = list(documents.check(intake.ApplicationStatusChanged, json.dumps(known).encode()))
    assert found[0].unknown == ("reasons.0.de", "aplication_id")


def test_unknown_fields_within_an_optional_part_are_told() -> None:
    found = list(documents.check(intake.ApplicationSubmitted, json.dumps({"bureau": {"sauce": "x"}}).encode()))
    assert found[0].unknown == ("bureau.sauce",)


def test_the_key_fills_a_field_left_out_and_replaces_none() -> None:
    without = {name: value for name, value in PAYMENT.items() if name != "loan_id"}
    other = "00000000-0000-5000-8000-000000000001"
    assert str(getattr(checked(json.dumps(without), {"loan_id": other})[0].event, "loan_id", "")) == other
    assert str(getattr(checked(json.dumps(PAYMENT), {"loan_id": other})[0].event, "loan_id", "")) == PAYMENT["loan_id"]


@pytest.mark.parametrize(
    ("name", "topic", "partner", "expected"),
    [
        ("PaymentReceived", None, None, (PaymentReceived, None)),
        ("OfferAccepted", None, "phone-shop", (intake.OfferAccepted, "phone-shop")),
        ("OfferAccepted", "lending.application.v1", None, (application.OfferAccepted, None)),
        ("OfferAccepted", "lending.intake.v1", None, (intake.OfferAccepted, None)),
        ("OfferAccepted", "lending.intake.<partner>.v1", "shop", (intake.OfferAccepted, "shop")),
        ("OfferAccepted", "lending.intake.phone-shop.v1", None, (intake.OfferAccepted, "phone-shop")),
        ("OfferMade", None, "phone-shop", (intake.OfferMade, "phone-shop")),
    ],
)
def test_the_event_meant(name: str, topic: str | None, partner: str | None, expected: tuple[type, str | None]) -> None:
    found = documents.target(name, topic, partner)
    assert (found.model, found.partner) == expected


@pytest.mark.parametrize(
    ("name", "topic", "partner", "said"),
    [
        ("PaymentRecieved", None, None, "did you mean PaymentReceived"),
        ("Zzz", None, None, "docs/topics.md"),
        ("OfferAccepted", None, None, "--topic lending.intake.v1 or lending.application.v1"),
        ("PaymentReceived", "lending.loan.v1", None, "is not on lending.loan.v1"),
        ("PaymentReceived", "nope", None, "no topic 'nope'"),
        ("PaymentReceived", None, "phone-shop", "has no partner"),
    ],
)
def test_an_event_that_cannot_be_told(name: str, topic: str | None, partner: str | None, said: str) -> None:
    with pytest.raises(typer.BadParameter) as raised:
        documents.target(name, topic, partner)
    assert said in raised.value.message


def test_new_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(200)]
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 200
    moments = [each.int >> 80 for each in ids]
    assert moments == sorted(moments)
