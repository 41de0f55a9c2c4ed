"""What tests of the audits share."""

from functools import lru_cache

import pytest

from lendstream_simulator import facts
from lendstream_simulator.actor import opened

_decoded = lru_cache(maxsize=8192)(opened)


@pytest.fixture
def decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are values: the hundreds that all these stories share need not be decoded for each."""
    monkeypatch.setattr(facts, "opened", _decoded)
