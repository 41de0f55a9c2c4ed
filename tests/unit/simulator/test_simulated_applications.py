"""The applications, the people behind them, and what partners send."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lendstream import catalogue
from lendstream.amortization import Tranche, generate
from lendstream.catalogue import Catalogue, Recipient, load
from lendstream.envelope import decode
from lendstream.errors import DataError
from lendstream.events.intake import ApplicationSubmitted, IdentityType, LoanOptions
from lendstream_simulator.actor import opened
from lendstream_simulator.applications import FEN_PER_DOLLAR, application, person_of
from lendstream_simulator.faults import FAULTS
from lendstream_simulator.loans import real_loans
from lendstream_simulator.people import check_digit
from lendstream_simulator.purposes import FALLBACK, PRODUCTS_BY_PURPOSE
from lendstream_simulator.submissions import (
    DEFAULT_PARTNERS,
    Kind,
    Submission,
    intake_record,
    number_of,
    reference_of,
    submission,
)

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
JUDGED_BY_RULES = {"tenor not on offer", "unknown product", "wrong currency", "a day in the past", "no consent"}
"""Faults that the schema allows: only the lender's rules can tell."""


def applied(number: int, seed: int = 7) -> ApplicationSubmitted:
    return application(seed, number, reference=reference_of(seed, number), today=TODAY, submitted_at=NOW)


def sent(number: int, seed: int = 7) -> Submission:
    return submission(seed, number, partners=DEFAULT_PARTNERS, today=TODAY, now=NOW)


def test_the_real_loans_are_two_thousand() -> None:
    assert len(real_loans()) == 2000
    assert {each.term for each in real_loans()} == {36, 60}


@pytest.mark.parametrize("number", range(0, 2000, 7))
def test_every_application_is_within_its_product(number: int) -> None:
    made = applied(number)
    product = load().product(made.product)
    assert product.amount.offerable(made.amount) == made.amount
    assert made.instalments in product.tenors
    assert made.currency == product.currency
    assert made.disburse_on is None or made.disburse_on >= TODAY


def test_every_product_that_is_mapped_is_applied_for() -> None:
    mapped = {FALLBACK, *(code for codes in PRODUCTS_BY_PURPOSE.values() for code in codes)}
    on_sale = {product.code for product in load() if not product.merchants}  # nobody here is one of their merchants
    assert {applied(number).product for number in range(2000)} == mapped & on_sale


def test_amounts_keep_the_ratios_of_the_source() -> None:
    loan = max(real_loans(), key=lambda each: each.annual_income)
    made = next(each for each in map(applied, range(2000)) if each.finances.monthly_income > loan.annual_income * 16)
    assert made.finances.monthly_income == loan.annual_income * FEN_PER_DOLLAR // 12


def test_the_same_number_of_a_seed_is_the_same_application() -> None:
    assert applied(12) == applied(12)
    assert applied(12) != applied(12, seed=8)


def test_some_people_apply_again_through_another_partner() -> None:
    by_person: dict[str, set[str]] = {}
    for number in range(300):
        made = sent(number)
        by_person.setdefault(applied(number).identity.identity_number, set()).add(made.partner)
    assert sum(len(partners) > 1 for partners in by_person.values()) >= 10
    again = next(number for number in range(300) if person_of(7, number) != number)
    assert applied(again).identity == applied(person_of(7, again)).identity
    assert applied(again).bureau == applied(person_of(7, again)).bureau


@pytest.mark.parametrize(("number", "digit"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_check_digit_of_the_standards_examples(number: str, digit: str) -> None:
    assert check_digit(number) == digit


def test_identities_look_right() -> None:
    made = [applied(number).identity for number in range(400)]
    for each in made:
        if each.identity_type is IdentityType.RESIDENT_ID:
            assert each.identity_number[6:14] == f"{each.birth_date:%Y%m%d}"
            assert each.identity_number[4:6] == "00"
            assert check_digit(each.identity_number[:17]) == each.identity_number[17]
        assert each.mobile.startswith("+86100")
        assert each.email is None or each.email.endswith("@example.com")
    with_mail = sum(each.email is not None for each in made)
    assert 0.5 < with_mail / len(made) < 0.7
    assert any(each.identity_type is IdentityType.PASSPORT for each in made)


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - JUDGED_BY_RULES))
def test_faults_break_the_contract(fault: str) -> None:
    record = FAULTS[fault](intake_record(applied(3), "phone-shop", NOW, 3))
    if fault == "unknown type":
        assert decode(record) is None
    else:
        with pytest.raises(DataError):
            decode(record)


@pytest.mark.parametrize("fault", sorted(JUDGED_BY_RULES))
def test_faults_that_only_rules_can_tell(fault: str) -> None:
    good = intake_record(applied(3), "phone-shop", NOW, 3)
    bad = FAULTS[fault](good)
    assert opened(bad) is not None
    assert bad.value != good.value


def test_every_record_fits_the_topic() -> None:
    for fault in FAULTS.values():
        record = fault(intake_record(applied(3), "phone-shop", NOW, 3))
        assert len(record.value or b"") + sum(len(name) + len(value) for name, value in record.headers) < 1_040_000
        assert record.key is not None or record.value is not None


def test_kinds_of_submissions() -> None:
    kinds: dict[Kind, list[Submission]] = {kind: [] for kind in Kind}
    for number in range(1500):
        made = sent(number)
        kinds[made.kind].append(made)
    assert all(kinds.values())
    assert len(kinds[Kind.GOOD]) > 0.8 * 1500
    assert {each.fault for each in kinds[Kind.MALFORMED]} == set(FAULTS)
    for each in kinds[Kind.SENT_TWICE]:
        first, again = each.records
        assert first.value == again.value
        assert first.header("ce_id") != again.header("ce_id")
    for each in kinds[Kind.CHANGED]:
        first, changed = each.records
        assert first.key == changed.key
        assert first.value != changed.value
    for each in kinds[Kind.NEWER_SCHEMA]:
        assert "campaign" in json.loads(each.records[0].value or b"")
        assert opened(each.records[0]) is not None
    partners = Counter(sent(number).partner for number in range(300))
    assert set(partners) == set(DEFAULT_PARTNERS)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_references_are_of_one_seed(seed: int, number: int) -> None:
    assert number_of(seed, reference_of(seed, number)) == number
    assert number_of(seed + 1, reference_of(seed, number)) is None


@pytest.mark.parametrize("reference", ["", "S7", "S7-", "S7-x", "-000001", "SHOP-2026-000123", "S7-²"])
def test_foreign_references_have_no_number(reference: str) -> None:
    assert number_of(7, reference) is None


def test_a_trace_begins_with_each_record() -> None:
    first, second = sent(1).records[0], sent(2).records[0]
    assert first.header("traceparent") != second.header("traceparent")
    version, trace, span, flags = (first.header("traceparent") or "").split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert first.header("ce_source") == f"partner/{sent(1).partner}"


EVERYTHING = Catalogue(
    {
        code: {number: product.model_copy(update={"offered": True}) for number, product in versions.items()}
        for code, versions in load().versions.items()
    }
)
"""The catalogue with all of its products on sale."""


def applied_for(number: int) -> ApplicationSubmitted:
    return application(
        7, number, reference=reference_of(7, number), today=TODAY, submitted_at=NOW, partner="phone-shop",
        catalogue=EVERYTHING,
    )  # fmt: skip


def test_whatever_is_on_sale_is_applied_for() -> None:
    made = [applied_for(number) for number in range(300)]
    assert len({each.product for each in made}) >= 15
    assert len({EVERYTHING.product(each.product).method for each in made}) >= 6


@pytest.mark.parametrize("number", range(0, 2000, 11))
def test_choices_are_what_the_product_allows(number: int) -> None:
    made = applied_for(number)
    product, chosen = EVERYTHING.product(made.product), made.options or LoanOptions()
    assert product.amount.offerable(made.amount) == made.amount
    assert (chosen.order_reference is not None) == (product.payout_to is Recipient.MERCHANT)
    assert (chosen.income is not None) == (product.income is not None)
    assert len(chosen.tranches) < product.tranches_max
    assert sum(each.amount for each in chosen.tranches) < made.amount
    assert all(each.on > (made.disburse_on or TODAY) for each in chosen.tranches)
    assert not product.merchants
    if product.payout_to is Recipient.MERCHANT:
        assert made.debit_account != made.payout_account
    tranches = tuple(Tranche(each.on, each.amount) for each in chosen.tranches)
    terms = product.terms(
        made.amount, made.instalments, Decimal("0.1"), made.disburse_on or TODAY, due_day=chosen.due_day,
        income=chosen.income, tranches=tranches,
    )  # fmt: skip
    assert generate(terms, lambda _: True).instalments


def test_every_option_is_chosen_by_somebody() -> None:
    chosen = [each.options for each in map(applied_for, range(1000)) if each.options]
    assert any(each.due_day for each in chosen)
    assert any(each.income for each in chosen)
    assert any(each.tranches for each in chosen)
    assert any(each.order_reference for each in chosen)


def test_coupons_are_used_where_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue has none yet; this is what its coupons are asked for."""

    @dataclass
    class Coupon:
        products: tuple[str, ...]
        valid_from: date = TODAY
        valid_until: date = TODAY

    known = {"OVER": Coupon(("cash-small",), date(2020, 1, 1), date(2020, 1, 2)), "SPRING-50": Coupon(("cash-small",))}
    monkeypatch.setattr(catalogue, "load_coupons", lambda: known, raising=False)
    used = {(each.product, each.options.coupon) for each in map(applied, range(300)) if each.options}
    assert {code for _, code in used} == {None, "SPRING-50"}
    assert {product for product, code in used if code} == {"cash-small"}
