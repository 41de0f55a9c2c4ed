"""The schedule engine is plain Python: importing it brings nothing but the standard library and its own modules."""

import subprocess
import sys

FOREIGN = """
import sys
before = set(sys.modules)
import {module}
names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(names - set(sys.stdlib_module_names) - {{"lendstream"}}))
"""


def brought_by(module: str) -> str:
    """What importing a module brings from outside, in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", FOREIGN.format(module=module)], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_amortization_needs_the_standard_library_alone() -> None:
    assert brought_by("lendstream.amortization") == "[]"


def test_the_catalogue_does_not_need_the_calendar() -> None:
    brought = brought_by("lendstream.catalogue")
    assert "pydantic" in brought
    assert "holidays" not in brought
