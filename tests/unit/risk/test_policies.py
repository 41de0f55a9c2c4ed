"""Policy files are checked before they are used, and say what is wrong with them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from lendstream.catalogue import load as load_catalogue
from lendstream.errors import Refused
from lendstream_risk import policies
from lendstream_risk.domain.customer import Customer
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.reasons import Code
from lendstream_risk.domain.rulebook import UnknownPolicyError
from support.risk import ready

Change = Callable[[dict[str, Any]], None]
SHIPPED = policies.POLICIES / "policy.v1.yaml"


def write(folder: Path, version: int = 1, change: Change | None = None, name: str = "") -> Path:
    """The shipped policy with a change, as a version of its own."""
    data = yaml.safe_load(SHIPPED.read_text("utf-8"))
    data["version"] = version
    if change:
        change(data)
    path = folder / (name or f"policy.v{version}.yaml")
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return path


def assign(*path: str, value: object) -> Change:
    def change(data: dict[str, Any]) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


def test_the_shipped_policy_sells_the_newest_version_of_every_product() -> None:
    rulebook = policies.load()
    newest = rulebook.policies[max(rulebook.policies)]
    assert {product.code: product.version for product in load_catalogue()} == {
        code: rules.version for code, rules in newest.products.items()
    }


def test_every_code_has_a_text_in_both_languages() -> None:
    texts = policies.load().reasons.reasons
    assert {each.code for each in texts} == set(Code)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (assign("eligibility", "age", "min", value="18"), "eligibility.age.min: .*found '18'.*write a whole number"),
        (assign("eligibility", "age", "min", value=80), "eligibility.age: .*min must be below max"),
        (assign("eligibility", "employment", value=["pirate"]), r"eligibility.employment.0: .*'student'.*use one of"),
        (assign("eligibility", "aeg", value=1), "eligibility.aeg: .*remove the field or correct its name"),
        (assign("counter_offer_min_share", value=0.3), "counter_offer_min_share: .*in quotes"),
        (assign("counter_offer_min_share", value="1.3"), "counter_offer_min_share: .*less than or equal to 1"),
        (lambda data: data.pop("valid_from"), "valid_from: Field required: add the field"),
        (lambda data: data["segments"].pop("new_prime"), "segments: add new_prime"),
        (assign("scorecard", "points", "history_months", value={6: 1}), "points.history_months: start the table at 0"),
        (assign("scorecard", "points", "shoe_size", value={0: 1}), "scorecard.points.shoe_size"),
        (assign("products", "cash-small", "version", value=99), "products.cash-small: .*no version 99.*catalogue"),
        (assign("products", "no-such", value={"version": 1, "limit": 1}), "products.no-such: no product 'no-such'"),
        (assign("products", "cash-small", "limit", value=1), "products.cash-small.limit: .*use at least 50000"),
    ],
)
def test_a_fault_names_file_field_and_remedy(tmp_path: Path, change: Change, said: str) -> None:
    write(tmp_path, change=change)
    with pytest.raises(policies.PolicyError, match=said) as caught:
        policies.load(tmp_path)
    assert str(caught.value).startswith("policy.v1.yaml: ")


def test_all_faults_of_a_file_are_named(tmp_path: Path) -> None:
    def twice(data: dict[str, Any]) -> None:
        data["eligibility"]["bankruptcies_max"] = -1
        data["eligibility"]["open_loans_max"] = 0

    write(tmp_path, change=twice)
    with pytest.raises(policies.PolicyError) as caught:
        policies.load(tmp_path)
    assert len(str(caught.value).splitlines()) == 2


def test_a_folder_without_policies_and_files_of_another_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(policies.PolicyError, match="no policy files"):
        policies.load(tmp_path)
    write(tmp_path, name="new.yaml")
    with pytest.raises(policies.PolicyError, match=r"name the file policy\.v1\.yaml"):
        policies.load(tmp_path)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.v1.yaml").write_text("version: [", "utf-8")
    with pytest.raises(policies.PolicyError, match="cannot be read as YAML"):
        policies.load(tmp_path)


def test_a_higher_version_is_valid_from_a_later_day(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, 2)
    with pytest.raises(policies.PolicyError, match=r"policy\.v2\.yaml: valid_from: .*later day"):
        policies.load(tmp_path)


def test_the_policy_of_the_business_day_decides(tmp_path: Path) -> None:
    def stricter(data: dict[str, Any]) -> None:
        data["valid_from"] = date(2026, 6, 1)
        data["eligibility"]["monthly_income_min"] = 10_000_000

    write(tmp_path)
    write(tmp_path, 2, stricter)
    rulebook = policies.load(tmp_path)
    before = decide(Customer(), ready(business_date=date(2026, 5, 31)), rulebook)[1]
    after = decide(Customer(), ready(business_date=date(2026, 6, 1)), rulebook)[1]
    assert (before.policy_version, before.outcome) == (1, "approved")
    assert (after.policy_version, after.outcome) == (2, "declined")


def test_a_day_before_the_first_policy_is_refused() -> None:
    with pytest.raises(Refused, match="No policy is in force on 2001-01-01"):
        decide(Customer(), ready(business_date=date(2001, 1, 1)), policies.load())


def test_a_version_that_is_gone_is_named() -> None:
    with pytest.raises(UnknownPolicyError, match="no policy version 7"):
        policies.load().version(7)


def test_the_schema_describes_every_field() -> None:
    schema = policies.schema()
    described = [schema, *schema["$defs"].values()]
    for model in described:
        for name, field in model.get("properties", {}).items():
            assert field.get("description"), name


def test_reasons_need_every_code(tmp_path: Path) -> None:
    path = tmp_path / "reasons.yaml"
    path.write_text("reasons: [{code: EMPLOYMENT, zh: 职业, en: work}]", "utf-8")
    with pytest.raises(policies.PolicyError, match=r"reasons.yaml: file: .*add a text for PRODUCT_NOT_OFFERED"):
        policies.load(reasons=path)
