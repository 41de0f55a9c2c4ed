"""States of every version ever written can be read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lendstream_risk import policies
from lendstream_risk.domain import stored
from lendstream_risk.domain.customer import Commitment, Customer, Ended, Loan, Remembered
from lendstream_risk.domain.decide import decide
from lendstream_risk.domain.fold import change_delinquency, close_loan, open_loan
from lendstream_risk.domain.stored import VERSION, StateError, dumps, loads
from support.risk import closed, late, opened, ready

STATES = Path(__file__).parent / "states"
OPEN, OVER = "0190a3c0-0000-7000-8000-000000000001", "0190a3c0-0000-7000-8000-000000000002"
POSITION = {
    "open_loans": 1,
    "exposure": 300_000,
    "instalments_due": 45_840,
    "loans_repaid": 1,
    "worst_days_past_due": 5,
}
KNOWN = Customer(
    loans={OPEN: Loan("0190a3c0-0000-7000-8000-00000000000a", 300_000, 45_840, 5, 7, 100_000, 900_000, True)},
    commitments={"0190a3c0-0000-7000-8000-00000000000b": Commitment(500_000, 46_100)},
    ended={OVER: Ended(Loan("0190a3c0-0000-7000-8000-00000000000c", 0, 45_840, 0, 9), repaid=True)},
    loans_repaid=1,
    charged_off=1,
    decided={"0190a3c0-0000-7000-8000-00000000000b": Remembered("5f2b9c0d11e0a7c4", 1, 1, POSITION)},
)
"""What the newest of the files beside this test holds."""
READ = {
    # of a loan that was over, version 1 kept the application alone; it knew no tranches, limits and charge-offs
    1: replace(
        KNOWN,
        loans={OPEN: Loan("0190a3c0-0000-7000-8000-00000000000a", 300_000, 45_840, 5, 7)},
        ended={OVER: Ended(Loan("0190a3c0-0000-7000-8000-00000000000c", 0, 0, 0, 0), repaid=True)},
        charged_off=0,
    ),
    2: KNOWN,
    3: KNOWN,
}
"""What each of the files beside this test is read as."""


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_state_of_each_version_is_read(version: int) -> None:
    assert loads((STATES / f"v{version}.json").read_bytes()) == READ[version]


def test_what_is_written_is_of_the_present_version_and_read_back() -> None:
    raw = dumps(KNOWN)
    assert json.loads(raw)["version"] == VERSION
    assert json.loads(raw) == json.loads((STATES / f"v{VERSION}.json").read_bytes())
    assert loads(raw) == KNOWN


def test_nothing_stored_is_nothing_known() -> None:
    assert loads(None) == Customer()


def test_an_older_state_is_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {"version": VERSION, "repaid": 3}
    monkeypatch.setattr(stored, "VERSION", VERSION + 2)
    monkeypatch.setattr(
        stored,
        "UPGRADES",
        {
            VERSION: lambda document: {"loans_repaid_before": document["repaid"]},
            VERSION + 1: lambda document: {"loans_repaid": document["loans_repaid_before"]},
        },
    )
    assert loads(json.dumps(older).encode()) == Customer(loans_repaid=3)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"[]", b"{}", b'{"version":"1"}', b'{"version":0}', b'{"version":1,"loans":7}', b'{"version":99}'],
)
def test_a_damaged_or_newer_state_is_an_error(raw: bytes) -> None:
    with pytest.raises(StateError):
        loads(raw)


def test_a_lived_state_comes_back_whole() -> None:
    rulebook = policies.load()
    customer, decided = decide(Customer(), ready(), rulebook)
    loan = opened(decided)
    customer = change_delinquency(open_loan(customer, loan), late(loan, 2, 3))
    customer, _ = decide(customer, ready(), rulebook)
    assert loads(dumps(customer)) == customer
    assert loads(dumps(close_loan(customer, closed(loan, 3)))) == close_loan(customer, closed(loan, 3))
