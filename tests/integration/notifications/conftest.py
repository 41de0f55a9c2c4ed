"""A migrated database for notifications, and the service as processes between a broker and its providers."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from integration.notifications.providers import TOKEN, Gateway, MailBox
from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Pool
from lendstream_notifications.main import MIGRATIONS
from support import tokens
from support.broker import fresh_topics
from support.processes import Process

MASTER_KEYS = json.dumps({"2026-01": base64.b64encode(bytes(range(32))).decode()})

Start = Callable[[], Process]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to a fresh database with the service's tables."""
    async with asyncpg.create_pool(database, min_size=1, max_size=8) as opened:
        async with opened.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "notifications": MIGRATIONS})
        yield opened


@pytest.fixture
def mailbox() -> MailBox:
    """A mail server, not yet listening."""
    return MailBox()


@pytest.fixture
def gateway() -> Gateway:
    """A text gateway, not yet listening."""
    return Gateway()


@pytest.fixture
async def start(
    kafka_bootstrap: str, database: str, tmp_path: Path, mailbox: MailBox, gateway: Gateway
) -> AsyncIterator[Start]:
    """Makes instances of notifications on one database, in one consumer group, on empty topics."""
    await fresh_topics(kafka_bootstrap)
    processes: list[Process] = []
    environment = {
        "LENDSTREAM_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "LENDSTREAM_DATABASE_URL": database,
        "LENDSTREAM_CONSUMER_GROUP": f"notifications-{uuid4()}",
        "LENDSTREAM_SMTP_HOST": "127.0.0.1",
        "LENDSTREAM_SMTP_PORT": str(mailbox.port),
        "LENDSTREAM_MAIL_FROM": "Lendstream <service@lendstream.example>",
        "LENDSTREAM_SMS_URL": gateway.url,
        "LENDSTREAM_SMS_TOKEN": TOKEN,
        "LENDSTREAM_MASTER_KEYS": MASTER_KEYS,
        "LENDSTREAM_API_TOKENS": tokens.SETTING,
        "LENDSTREAM_SEND_TIMEOUT_SECONDS": "1",
        "LENDSTREAM_IN_DOUBT_AFTER_SECONDS": "10",
        "LENDSTREAM_RETRY_FIRST_SECONDS": "0.1",
        "LENDSTREAM_RETRY_LONGEST_SECONDS": "0.5",
        "LENDSTREAM_POLL_SECONDS": "0.05",
    }

    def make() -> Process:
        log = tmp_path / f"notifications-{len(processes)}.log"
        processes.append(Process("lendstream_notifications.main", environment, log))
        return processes[-1]

    yield make
    for process in processes:
        process.kill()
