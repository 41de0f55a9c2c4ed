"""Published schedules and rates against the engine: every case is met, or listed with the reason."""

from collections.abc import Callable

import pytest

from conformance import (
    chinese_vectors,
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
LATER = listed("LATER.md")


@pytest.mark.parametrize("case", [case for case in CASES if case.check], ids=lambda case: f"{case.file}:{case.id}")
def test_case(case: Case, record_property: Callable[[str, object], None]) -> None:
    """A case is met exactly if it is not listed as unmet."""
    assert case.check is not None
    found = case.check()
    record_property("conformance", (case.file, not found))
    if case.id in UNMET:
        assert found, f"{case.id} is met now: take it out of UNMET.md"
    else:
        assert not found


def test_every_file_has_an_adapter() -> None:
    files = {path.stem for path in (HERE / "vectors").glob("*.json")} - {"conventions"}
    assert {case.file for case in CASES} == files


def test_the_lists_name_exactly_the_cases_that_are_left() -> None:
    assert {case.id for case in CASES if case.later} == set(LATER)
    assert set(UNMET) <= {case.id for case in CASES}
    assert all(UNMET.values())
    assert all(LATER.values())


def test_a_wrong_amount_is_a_difference() -> None:
    """The comparison itself can fail."""
    case = next(progressive_vectors.cases())
    vector = next(iter(load(progressive_vectors.FILE)["cases"]))
    assert case.check is not None
    assert case.check() == []
    vector["periods"][0]["interest"] = "0.01"
    assert progressive_vectors._check(vector) != []
