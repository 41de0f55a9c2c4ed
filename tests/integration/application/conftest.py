"""The service `application`: its unit of work on a database, and itself as processes."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from lendstream.runtime.limits import DeadLetterLimits
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.rules import Rules
from lendstream.runtime.sql import Pool
from lendstream.runtime.unit_of_work import UnitOfWork
from lendstream_application.domain.rejection import rejected
from lendstream_application.handlers import routes
from lendstream_application.main import MIGRATIONS
from lendstream_application.store import Applications, Customers
from support import tokens
from support.broker import fresh_topics
from support.processes import Process
from unit.application.samples import DESK, SECRET

Start = Callable[..., Process]
TOKENS = {"phone-shop": "phone-shop-token-0001", "clinic": "clinic-token-000001"}
SETTINGS = {
    "LENDSTREAM_MASTER_KEYS": json.dumps({"2026-01": b64encode(bytes(range(32))).decode()}),
    "LENDSTREAM_IDENTITY_SECRET": SECRET.decode(),
    "LENDSTREAM_API_TOKENS": tokens.SETTING,
    "LENDSTREAM_PARTNER_TOKENS": json.dumps(TOKENS),
}


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to a migrated database."""
    async with asyncpg.create_pool(database, min_size=1, max_size=6) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "application": MIGRATIONS})
        yield pool


@pytest.fixture
def unit_of_work(pool: Pool) -> UnitOfWork:
    """What the service does with records, without a broker."""
    rules = Rules("application", routes(DESK, Applications(), Customers()), "lendstream", ZoneInfo("UTC"), rejected)
    return UnitOfWork(pool, rules, DeadLetterLimits(10, 0.9), lambda: None)


@pytest.fixture
async def start(kafka_bootstrap: str, database: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Makes instances of the service on one database, in one consumer group, on empty topics."""
    await fresh_topics(kafka_bootstrap, TOKENS)
    processes: list[Process] = []
    environment = {
        **SETTINGS,
        "LENDSTREAM_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "LENDSTREAM_DATABASE_URL": database,
        "LENDSTREAM_CONSUMER_GROUP": f"application-{uuid4()}",
    }

    def make(**settings: str) -> Process:
        log = tmp_path / f"application-{len(processes)}.log"
        processes.append(Process("lendstream_application.main", {**environment, **settings}, log))
        return processes[-1]

    yield make
    for process in processes:
        process.kill()
