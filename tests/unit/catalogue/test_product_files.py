"""The product files that are shipped, and what is said about wrong ones."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lendstream.amortization import Method, disclose, generate
from lendstream.catalogue import (
    HIGHEST_APR,
    PRODUCTS,
    Catalogue,
    CatalogueError,
    CustomerHistory,
    Product,
    Segment,
    UnknownProductError,
    load,
    read,
    schema,
)

FILES = sorted(PRODUCTS.glob("*.yaml"))
GOOD = """
code: {code}
version: {version}
name: {{zh: 试用, en: Trial}}
scenario: cash
currency: CNY
amount: {{min: 50000, max: 2000000, step: 10000}}
tenors: [3, 6]
method: equal_instalment
annual_rate:
  new: {{prime: "0.18", inclusive: "0.20"}}
  repeat: {{prime: "0.16", inclusive: "0.18"}}
penalty_annual_rate: "0.24"
offer_valid_days: 7
"""


def written(folder: Path, code: str = "trial", version: int = 1, old: str = "", new: str = "") -> Path:
    """A product file with one text replaced."""
    text = GOOD.format(code=code, version=version)
    assert old in text
    path = folder / f"{code}.v{version}.yaml"
    path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_a_product_and_fits_the_schema(path: Path) -> None:
    product = read(path)
    Draft202012Validator(schema()).validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert product.penalty_annual_rate <= HIGHEST_APR


def test_the_catalogue_covers_the_scenarios_and_the_methods() -> None:
    products = list(load().newest())
    assert len(products) >= 14
    assert {product.method for product in products} == set(Method) - {Method.FIXED_PAYMENT}
    assert {"education", "medical", "travel", "rent", "farming", "green", "phone", "card"} <= {
        product.scenario for product in products
    }
    assert any(product.revolving for product in products)
    assert any(product.subsidies for product in products)
    assert any(product.customers == (CustomerHistory.NEW,) for product in products)
    assert any(product.customers == (CustomerHistory.REPEAT,) for product in products)


@pytest.mark.parametrize("product", list(load().newest()), ids=lambda product: product.code)
def test_every_loan_on_offer_can_be_made_and_costs_no_more_than_allowed(product: Product) -> None:
    income = product.income.cap if product.income else None
    for instalments in product.tenors:
        for segment in Segment:
            rate = product.rate(product.customers[0], segment)
            terms = product.terms(product.amount.max, instalments, rate, date(2026, 1, 31), income=income)
            cost = disclose(generate(terms, product.is_working_day), contingent=product.contingent_costs())
            assert cost.apr <= HIGHEST_APR
            assert cost.upfront_fee == product.upfront_fee(product.amount.max)
            assert terms.options.product == f"{product.code}@{product.version}"
            assert cost.contingent[-1].annual_rate == product.penalty_annual_rate


def test_versions_stay_beside_each_other(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, version=2, old='prime: "0.18"', new='prime: "0.17"')
    catalogue = load(tmp_path)
    assert catalogue.product("trial").version == 2
    assert str(catalogue.product("trial", 1).annual_rate.new.prime) == "0.18"
    assert [product.version for product in catalogue] == [2]
    assert load(tmp_path) is catalogue


def test_a_product_that_is_not_offered_is_known_but_not_listed(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, code="shelved", old="currency: CNY", new="currency: CNY\noffered: false")
    catalogue = load(tmp_path)
    assert [product.code for product in catalogue] == ["trial"]
    assert len(catalogue) == 1
    assert [product.code for product in catalogue.newest()] == ["shelved", "trial"]
    assert not catalogue.product("shelved").offered


def test_unknown_products_and_versions(tmp_path: Path) -> None:
    written(tmp_path)
    catalogue: Catalogue = load(tmp_path)
    with pytest.raises(UnknownProductError, match="there are trial"):
        catalogue.product("gone")
    with pytest.raises(UnknownProductError, match=r"no version 9; there are \[1\]"):
        catalogue.product("trial", 9)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('prime: "0.18"', "prime: 0.18", "annual_rate.new.prime: Value error, write the rate in quotes"),
        ('prime: "0.18"', 'prime: "1.8"', "annual_rate.new.prime: Input should be less than or equal to 1"),
        ("tenors: [3, 6]", "tenors: []", "tenors: Tuple should have at least 1 item"),
        ("tenors: [3, 6]", 'tenors: ["3"]', "write a whole number, without quotes"),
        ("scenario: cash", "scenery: cash", "scenery: Extra inputs are not permitted (found 'cash'): remove the field"),
        ("scenario: cash\n", "", "scenario: Field required: add the field"),
        ("min: 50000", "min: 5000", "amount: Value error, must hold step <= min <= max"),
        ("equal_instalment", "equal", "method: Input should be 'equal_instalment'"),
        ("equal_instalment", "balloon", "method balloon needs balloon"),
        ("equal_instalment", "fixed_payment", "a product needs tenors it can promise"),
        ("offer_valid", "income: {share: '0.1', floor: 1, cap: 2}\noffer_valid", "has no place for income"),
        ("offer_valid", "balloon: {}\noffer_valid", "balloon: Value error, give either share or amortised_over"),
        ("offer_valid", "grace: {principal: 3}\noffer_valid", "principal_grace: must leave one of the 3 instalments"),
        ("offer_valid", "upfront_fee_rate: '0.05'\noffer_valid", "lower rate or fees to 24 % at most"),
        ("offer_valid", "allocation: [fee, fee]\noffer_valid", "allocation: Value error, list fee, penalty, interest"),
        ("offer_valid", "fees: [{code: a, name: {zh: 费, en: A}, when: opening}]\noffer_valid", "give an amount or"),
        ("currency: CNY", "currency: yuan", "currency: String should match pattern"),
        ("tenors: [3, 6]", "tenors: [3, 6", "cannot be read as YAML"),
        ("code: trial", "code: other", "name the file other.v1.yaml or correct the fields"),
    ],
)
def test_a_wrong_file_is_told_with_field_and_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = written(tmp_path, old=old, new=new)
    with pytest.raises(CatalogueError) as refused:
        read(path)
    assert "product trial.v1.yaml: " in str(refused.value) or "trial.v1.yaml: cannot" in str(refused.value)
    assert told in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, old="tenors: [3, 6]\nmethod: equal_instalment", new="tenors: []\nmethod: magic")
    with pytest.raises(CatalogueError) as refused:
        read(path)
    assert len(str(refused.value).splitlines()) == 2


def test_one_wrong_file_stops_the_loading(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, version=2, old="[3, 6]", new="[0]")
    with pytest.raises(CatalogueError, match=r"trial\.v2\.yaml"):
        load(tmp_path)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no product files"):
        load(tmp_path)
