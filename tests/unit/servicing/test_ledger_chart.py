"""The chart of accounts and the rates of provision: complete, and checked when read."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lendstream.events.loan import Bucket
from lendstream_servicing import ledger
from lendstream_servicing.domain.chart import Role
from lendstream_servicing.ledger import LedgerDataError, chart, provision_policy

FOLDER = Path(ledger.__file__).parent


def test_every_role_has_an_account_of_its_own() -> None:
    assert set(chart().numbers) == set(Role)
    assert chart().roles[chart().numbers[Role.BANK]] is Role.BANK
    assert chart().accounts[Role.LOAN_LOSS_ALLOWANCE].type == "contra"


def test_provision_is_a_share_of_the_principal_half_up() -> None:
    policy = provision_policy()
    amounts = {bucket: policy.amount(bucket, 1_050) for bucket in Bucket}
    assert amounts == {Bucket.CURRENT: 11, Bucket.M1: 32, Bucket.M2: 263, Bucket.M3: 525, Bucket.M4: 1_050}
    assert policy.buckets[Bucket.M2].classification == "substandard"


@given(st.integers(0, 2**60))
def test_provision_is_exact_for_any_principal(principal: int) -> None:
    assert provision_policy().amount(Bucket.CURRENT, principal) == (principal + 50) // 100


def changed(tmp_path: Path, name: str, edit: object) -> Path:
    data = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    assert callable(edit)
    edit(data)
    path = tmp_path / name
    path.write_text(yaml.safe_dump(data), "utf-8")
    return path


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda data: data["accounts"].pop("bank"), "no account for bank"),
        (lambda data: data["accounts"]["bank"].update(number="1303"), "two roles have the same account number"),
        (lambda data: data["accounts"]["bank"].update(number="12"), "accounts.bank.number"),
        (lambda data: data["accounts"]["bank"].update(type="income statement"), "accounts.bank.type"),
        (lambda data: data["accounts"].update(cash=data["accounts"]["bank"]), "accounts.cash"),
    ],
)
def test_a_chart_that_cannot_be_used_says_why(tmp_path: Path, edit: object, told: str) -> None:
    with pytest.raises(LedgerDataError, match=told):
        chart(changed(tmp_path, "chart.v1.yaml", edit))


def test_rates_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    with pytest.raises(LedgerDataError, match="no rate for M3"):
        provision_policy(changed(tmp_path, "provision.v1.yaml", lambda data: data["buckets"].pop("M3")))
    with pytest.raises(LedgerDataError, match="rate"):
        provision_policy(changed(tmp_path, "provision.v1.yaml", lambda data: data["buckets"]["M1"].update(rate="1.1")))
    (tmp_path / "broken.yaml").write_text("a: [", "utf-8")
    with pytest.raises(LedgerDataError, match=r"broken\.yaml: cannot be read as YAML"):
        chart(tmp_path / "broken.yaml")
