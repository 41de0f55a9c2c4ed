"""`lendstream products`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lendstream.catalogue import PRODUCTS, load
from lendstream.catalogue.coupon import COUPONS
from lendstream.cli.main import app
from lendstream.cli.product_view import examples, money, percent


def ran(*arguments: str, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner(env={"COLUMNS": "250"}).invoke(app, ["products", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_everything_on_sale_is_listed() -> None:
    printed = ran("list")
    assert all(product.code in printed for product in load())
    listed = json.loads(ran("list", "--json"))
    assert [each["code"] for each in listed] == [product.code for product in load()]
    card = next(each for each in listed if each["code"] == "scenario-card")
    assert card["merchants"] == ["fresh-market", "city-cinema", "home-living"]
    assert (card["lowest_rate"], card["highest_rate"]) == ("0.1200", "0.1740")


@pytest.mark.parametrize("code", [product.code for product in load().newest()])
def test_a_product_is_shown_with_every_field_and_its_cost(code: str) -> None:
    printed = ran("show", code)
    assert all(text in printed for text in ("annual_rate.new.prime", "debit_days", "charge_off_days", "APR"))
    shown = json.loads(ran("show", code, "--version", "1", "--json"))
    assert shown["product"]["code"] == code
    assert [each["instalments"] for each in shown["examples"]] == shown["product"]["tenors"]


def test_the_example_is_what_such_a_loan_costs() -> None:
    (example, *_) = examples(load().product("home-appliances"))
    assert example["principal"] == 3_000_000
    assert example["to_repay"] == example["principal"] + example["interest"] + example["fees"]
    assert (money(128_050), money(128_000), percent("0.1560")) == ("1,280.50", "1,280", "15.6 %")


def test_an_unknown_product_is_told_with_those_that_are_known() -> None:
    assert "cash-small" in ran("show", "yacht", code=1)
    assert "no version 9" in ran("show", "cash-small", "--version", "9", code=1)


def test_the_files_that_are_shipped_are_right() -> None:
    files = [str(path) for path in (*PRODUCTS.glob("*.yaml"), *COUPONS.glob("*.yaml"))]
    assert ran("check", *files).count("as it should be") == len(files)


def test_every_fault_is_told_with_field_and_remedy(tmp_path: Path) -> None:
    text = (PRODUCTS / "cash-small.v1.yaml").read_text("utf-8")
    wrong = tmp_path / "cash-small.v1.yaml"
    wrong.write_text(text.replace("tenors: [3, 6, 12]", "tenors: [3, '6']\ntenor: 12"), "utf-8")
    dear = tmp_path / "dear.v1.yaml"
    dear.write_text(text.replace("code: cash-small", "code: dear\nlate_fee: 1\nupfront_fee_rate: '0.2'"), "utf-8")
    coupon = tmp_path / "LATE-1.yaml"
    coupon.write_text("code: [", "utf-8")
    printed = ran("check", str(wrong), str(dear), str(coupon), str(tmp_path / "gone.v1.yaml"), code=1)
    assert "2 faults" in printed
    assert "remove the field or correct its name" in printed
    assert "write a whole number, without quotes" in printed
    assert "lower rate or fees to 24 % at most" in printed
    assert "cannot be read as YAML" in printed
    told = json.loads(ran("check", str(wrong), "--json", code=1))
    assert {fault["field"] for fault in told[0]["faults"]} == {"tenors.1", "tenor"}
    assert all(fault["message"] and fault["remedy"] for fault in told[0]["faults"])
