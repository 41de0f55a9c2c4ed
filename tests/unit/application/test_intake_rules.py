"""What the intake refuses, and that it says everything at once."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream.catalogue import Catalogue
from lendstream.errors import DataError
from lendstream_application.domain.submission import submit
from lendstream_application.domain.validation import age, control_characters
from unit.application.samples import DESK, NOW, TODAY, context, submission

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown product": ({"product": "yacht"}, "product", "unknown_product"),
    "another currency": ({"currency": "USD"}, "currency", "currency_not_offered"),
    "too little": ({"amount": 10_000}, "amount", "amount_too_small"),
    "too much": ({"amount": 10**12}, "amount", "amount_too_large"),
    "off the step": ({"amount": 600_001}, "amount", "amount_off_step"),
    "a tenor not on offer": ({"instalments": 7}, "instalments", "tenor_not_offered"),
    "no consent": ({"consents__data_processing": False}, "consents.data_processing", "consent_missing"),
    "not born yet": ({"identity__birth_date": "2026-03-03"}, "identity.birth_date", "date_in_future"),
    "born in the dark ages": ({"identity__birth_date": "0476-09-04"}, "identity.birth_date", "date_impossible"),
    "a payout yesterday": ({"disburse_on": "2026-03-01"}, "disburse_on", "date_in_past"),
    "a payout next year": ({"disburse_on": "2027-03-02"}, "disburse_on", "date_too_far"),
    "submitted next week": ({"submitted_at": "2026-03-09T00:00:00Z"}, "submitted_at", "time_in_future"),
    "a NUL": ({"purpose": "a\0b"}, "purpose", "control_character"),
    "an injected header": ({"identity__name": "A\r\nBcc: all@example.com"}, "identity.name", "control_character"),
}


def refusal(**changes: Any) -> dict[str, str]:
    """Codes by field."""
    with pytest.raises(DataError) as caught:
        submit(DESK, None, submission(**changes), context())
    assert all(each.message and each.fix for each in caught.value.errors)
    return {each.field: each.code for each in caught.value.errors}


@pytest.mark.parametrize(("changes", "field", "code"), BAD.values(), ids=BAD)
def test_a_bad_field_is_named_with_its_code(changes: dict[str, Any], field: str, code: str) -> None:
    assert refusal(**changes) == {field: code}


def test_a_product_that_is_bound_to_merchants_is_theirs_alone() -> None:
    bound = DESK.catalogue.product("cash-small").model_copy(update={"merchants": ("clinic",)})
    desk = replace(DESK, catalogue=Catalogue({"cash-small": {1: bound}}))
    assert submit(desk, None, submission(), context(partner="clinic"))
    with pytest.raises(DataError, match=r"through its own partners alone\..*not_through_you"):
        submit(desk, None, submission(), context())


def test_what_to_do_names_what_is_on_offer() -> None:
    with pytest.raises(DataError) as caught:
        submit(DESK, None, submission(product="yacht"), context())
    assert all(product.code in caught.value.errors[0].fix for product in DESK.catalogue if not product.merchants)
    with pytest.raises(DataError) as caught:
        submit(DESK, None, submission(amount=1, instalments=5), context())
    assert [each.fix for each in caught.value.errors] == [
        "Send 50000 to 2000000 in steps of 10000, in minor units of CNY.",
        "Send one of: 3, 6, 12.",
    ]


@given(st.sets(st.sampled_from(sorted(BAD)), min_size=2))
def test_all_that_is_wrong_is_said_at_once(names: set[str]) -> None:
    changes: dict[str, Any] = {}
    for name in sorted(names):
        changes |= BAD[name][0]
    named = refusal(**changes)
    expected = {BAD[name][1] for name in names}
    if "unknown product" in names:  # then nothing can be said of what it would offer
        expected -= {"currency", "amount", "instalments"}
    assert named.keys() == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 50_000},
        {"amount": 2_000_000},
        {"instalments": 12},
        {"disburse_on": "2026-03-02"},
        {"disburse_on": str(TODAY + timedelta(90))},
        {"identity__birth_date": "2010-01-01"},
        {"identity__birth_date": "1900-01-01"},
        {"submitted_at": (NOW + timedelta(hours=23)).isoformat()},
        {"submitted_at": "2020-01-01T00:00:00+08:00"},
        {"purpose": "two\nlines"},
        {"purpose": "𝄞 ß 王"},
        {"identity__email": None},
    ],
    ids=str,
)
def test_what_is_allowed_passes(changes: dict[str, Any]) -> None:
    assert submit(DESK, None, submission(**changes), context())[0] is not None


@given(st.characters(codec="utf-8"))
def test_every_control_character_and_no_other_is_found(character: str) -> None:
    found = list(control_characters(submission(identity__name=f"A{character}B")))
    assert [each.field for each in found] == (["identity.name"] if unicodedata.category(character) == "Cc" else [])


@pytest.mark.parametrize("code", [*range(32), *range(127, 160)])
def test_a_name_holds_no_control_character(code: int) -> None:
    assert refusal(identity__name=f"A{chr(code)}B") == {"identity.name": "control_character"}


def test_a_backslash_is_no_control_character() -> None:
    assert not list(control_characters(submission(identity__name="A\\nB")))


def test_age_counts_birthdays() -> None:
    assert age(TODAY.replace(year=1990), TODAY) == 36
    assert age(TODAY.replace(year=1990) + timedelta(1), TODAY) == 35
    assert age(TODAY.replace(year=1992, month=2, day=29), TODAY.replace(year=2027, month=2, day=28)) == 34
