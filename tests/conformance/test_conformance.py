"""Published schedules and rates against the engine: every case is met, or listed with the reason."""

from collections.abc import Callable

import pytest

from conformance import (
    chinese_vectors,
    fineract_life,
    fineract_unit_vectors,
    fineract_vectors,
    frappe_vectors,
    numpy_financial_vectors,
    official_apr_vectors,
    progressive_vectors,
)
from conformance.vector_cases import HERE, Case, listed, load

ADAPTERS = (
    chinese_vectors,
    progressive_vectors,
    fineract_vectors,
    fineract_unit_vectors,
    frappe_vectors,
    numpy_financial_vectors,
    official_apr_vectors,
)
CASES = [case for adapter in ADAPTERS for case in adapter.cases()]
UNMET = listed("UNMET.md")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.id}")
def test_case(case: Case, record_property: Callable[[str, object], None]) -> None:
    """A case is met exactly if it is not listed as unmet."""
    found = case.check()
    record_property("conformance", (case.file, not found))
    if case.id in UNMET:
        assert found, f"{case.id} is met now: take it out of UNMET.md"
    else:
        assert not found


def test_every_file_has_an_adapter() -> None:
    files = {path.stem for path in (HERE / "vectors").glob("*.json")} - {"conventions"}
    assert {case.file for case in CASES} == files


def test_the_list_of_unmet_cases_names_cases_and_reasons() -> None:
    assert set(UNMET) <= {case.id for case in CASES}
    assert all(UNMET.values())


def test_no_case_is_told_twice() -> None:
    assert len({(case.file, case.id) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("column", ["principal_due", "paid", "balance_after", "outstanding"])
def test_a_wrong_amount_in_a_life_is_a_difference(column: str) -> None:
    for vector in load(fineract_vectors.OLD)["cases"]:
        steps = [step for step in vector["timeline"] if step.get("expect") == "schedule"]
        if any("paid_date" in row for row in steps[-1]["periods"]):
            steps[-1]["periods"][0][column] = "0.01"
            assert fineract_life.check_life(vector) != []


def test_a_wrong_amount_is_a_difference() -> None:
    """The comparison itself can fail."""
    case = next(progressive_vectors.cases())
    vector = next(iter(load(progressive_vectors.FILE)["cases"]))
    assert case.check() == []
    vector["periods"][0]["interest"] = "0.01"
    assert progressive_vectors._check(vector) != []
