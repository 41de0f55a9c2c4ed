"""Risk as processes, each test in a consumer group of its own on empty topics."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.risk.workers import Workers
from support.broker import fresh_topics


@pytest.fixture
async def workers(kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Workers]:
    """Makes instances of risk; all are killed in the end."""
    await fresh_topics(kafka_bootstrap)
    made = Workers(kafka_bootstrap, tmp_path)
    yield made
    made.kill()
