"""A short run of chaos, and the proof that its audit can fail."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.books import Books, compare
from chaos.main import show
from chaos.rounds import IMPATIENT, run
from chaos.strikes import TARGETS
from lendstream_local.platform import Platform
from lendstream_simulator.facts import Facts


@pytest.fixture
def platform() -> Iterator[Platform]:
    home = Path(tempfile.mkdtemp(prefix="lendstream-chaos-"))
    platform = Platform.start(home, temporary=True, durable=False, extra=IMPATIENT)
    yield platform
    platform.stop(remove=True)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_while_processes_are_killed(platform: Platform) -> None:
    outcome = asyncio.run(run(platform, rounds=3, applications=1000, days=10, seed=20260302))
    show(outcome)
    assert outcome.findings == []
    assert {strike.target for strike in outcome.strikes} == set(TARGETS)
    assert outcome.loans > 100
    assert outcome.payments > 10


def test_books_that_differ_from_the_topics_are_found() -> None:
    books = Books(frozenset({"a"}), {"l": (3, 100)}, {"p": True, "q": False}, {"m": "sent"})
    found = {finding.what for finding in compare(Facts(), books)}
    assert found == {
        "an application row each: in the database only",
        "a loan row each: in the database only",
        "a payment row each: in the database only",
        "an applied payment each: in the database only",
        "the last event of a loan",
        "a loan's principal",
        "a message sent: in the database only",
    }
    assert compare(Facts(), replace(books, applications=frozenset(), loans={}, payments={}, messages={})) == []
