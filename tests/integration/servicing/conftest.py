"""Servicing as processes on a database of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from support import tokens
from support.broker import fresh_topics
from support.processes import Process

Start = Callable[..., Process]


@pytest.fixture
async def start(kafka_bootstrap: str, database: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Makes instances of servicing on one database, in one consumer group, on empty topics."""
    await fresh_topics(kafka_bootstrap)
    processes: list[Process] = []
    environment = {
        "LENDSTREAM_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "LENDSTREAM_DATABASE_URL": database,
        "LENDSTREAM_CONSUMER_GROUP": f"servicing-{uuid4()}",
        "LENDSTREAM_API_TOKENS": tokens.SETTING,
    }

    def make(**settings: str) -> Process:
        log = tmp_path / f"servicing-{len(processes)}.log"
        processes.append(Process("lendstream_servicing.main", {**environment, **settings}, log))
        return processes[-1]

    yield make
    for process in processes:
        process.kill()
