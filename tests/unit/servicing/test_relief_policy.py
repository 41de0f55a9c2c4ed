"""The relief policy: its file is checked, its rules are kept to the last instalment."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lendstream.catalogue import Due
from lendstream_servicing.domain.relief import Arrears, Relief
from lendstream_servicing.domain.relief_policy import CircumstanceRules, ReliefPolicy, Wording, plans, refusals
from lendstream_servicing.policy import ReliefPolicyError, relief_policy
from unit.servicing import desks, loans

FILE = "version: 1\ncircumstances: {illness: {name: {zh: a, en: b}, times: 1, "
NAME = Wording(zh="疾病", en="Illness")


def policy(**rules: object) -> ReliefPolicy:
    """A policy with one circumstance."""
    fields: dict[str, Any] = {"name": NAME, "times": 1, "days_past_due_max": 90, "extra_instalments": 6, **rules}
    return ReliefPolicy(version=1, circumstances={"illness": CircumstanceRules(**fields)})


def codes(plan: Relief, rules: ReliefPolicy, days: int = 10) -> list[str]:
    loan, day = desks.late(days)
    return [each.code for each in refusals(loan, "illness", plan, day, rules)]


def test_the_file_names_the_circumstances_in_both_languages() -> None:
    found = relief_policy().circumstances
    assert {"illness", "job_loss", "natural_disaster", "family_event", "business_interruption"} <= found.keys()
    assert all(each.name.zh and each.name.en for each in found.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1", "circumstances"),
        ("version: [", "cannot be read as YAML"),
        (
            FILE + "days_past_due_max: 9}}",
            "gives nothing",
        ),
        (
            FILE + "days_past_due_max: 9, holidays: 3}}",
            "holidays",
        ),
        (
            FILE + "days_past_due_max: 9, waive: [principal]}}",
            "does not let go of principal",
        ),
        (
            FILE + "days_past_due_min: 10, days_past_due_max: 9, holiday: 1}}",
            "must not be above",
        ),
    ],
)
def test_a_file_with_a_fault_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "relief.v9.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReliefPolicyError, match=said):
        relief_policy(file)


@pytest.mark.parametrize(
    ("plan", "rules", "expected"),
    [
        (Relief(), {}, ["nothing_given"]),
        (Relief(extra_instalments=6), {}, []),
        (Relief(extra_instalments=7), {}, ["over_the_most"]),
        (Relief(holiday=1), {}, ["over_the_most"]),
        (Relief(holiday=1), {"holiday": 1}, []),
        (Relief(annual_rate=Decimal("0.1")), {}, ["rate_stays"]),
        (Relief(annual_rate=Decimal("0.1")), {"rate_share": Decimal("0.5")}, []),
        (Relief(annual_rate=Decimal("0.089")), {"rate_share": Decimal("0.5")}, ["rate_too_low"]),
        (
            Relief(annual_rate=Decimal("0.1")),
            {"rate_share": Decimal("0.5"), "lowest_rate": Decimal("0.11")},
            ["rate_too_low"],
        ),
        (Relief(annual_rate=Decimal("0.18")), {"rate_share": Decimal("0.5")}, ["rate_not_lower"]),
        (Relief(arrears=Arrears.CAPITALISE), {}, ["not_capitalised"]),
        (Relief(arrears=Arrears.CAPITALISE), {"capitalise": True}, []),
        (Relief(waive=(Due.PENALTY, Due.FEE)), {"waive": (Due.PENALTY,)}, ["not_waived"]),
    ],
)
def test_every_bound_is_kept(plan: Relief, rules: dict[str, object], expected: list[str]) -> None:
    assert codes(plan, policy(**rules)) == expected


def test_a_loan_is_neither_too_early_nor_too_late_for_it() -> None:
    some, rules = Relief(extra_instalments=1), policy(days_past_due_min=5, days_past_due_max=20)
    assert [codes(some, rules, days) for days in (4, 5, 20, 21)] == [["not_late_enough"], [], [], ["too_late"]]


def test_a_loan_that_is_not_owed_gets_none() -> None:
    some = Relief(extra_instalments=1)
    for loan in (loans.opened(), loans.pay(loans.active(), 700_000)[0]):
        assert [each.code for each in refusals(loan, "illness", some, loans.TODAY, policy())] == ["not_active"]
    unknown = refusals(loans.active(), "bad_mood", some, loans.TODAY, policy())
    assert [(each.code, each.fix) for each in unknown] == [("unknown_circumstance", "Send one of: illness.")]


def test_when_all_is_due_only_arrears_can_become_instalments() -> None:
    loan = loans.active()
    day = loan.instalments[-1].due_date + timedelta(days=1)
    loan = desks.aged(loan, day)
    rules = policy(days_past_due_max=400, capitalise=True, holiday=3, rate_share=Decimal("0.5"))
    assert [each.code for each in refusals(loan, "illness", Relief(holiday=1), day, rules)] == ["nothing_to_come"]
    both = Relief(arrears=Arrears.CAPITALISE, extra_instalments=6)
    assert refusals(loan, "illness", both, day, rules) == []


def test_the_list_has_single_measures_then_all_together() -> None:
    loan, day = desks.late()
    found = plans(loan, "illness", day, policy(holiday=2, capitalise=True, waive=(Due.PENALTY,)))
    assert found[:2] == (Relief(holiday=1), Relief(holiday=2))
    assert found[-1] == Relief(holiday=2, extra_instalments=6, arrears=Arrears.CAPITALISE, waive=(Due.PENALTY,))
    current = plans(loans.active(), "illness", loans.TODAY, policy(capitalise=True, waive=(Due.PENALTY,)))
    assert all(not each.waive and each.arrears is Arrears.KEEP for each in current)
    assert plans(loan, "bad_mood", day, policy()) == ()
