"""A migrated database for notifications, and the service as processes."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from lendstream.runtime.migrate import RUNTIME_MIGRATIONS, migrate
from lendstream.runtime.sql import Pool
from lendstream_notifications.main import MIGRATIONS


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to a fresh database with the service's tables."""
    async with asyncpg.create_pool(database, min_size=1, max_size=8) as opened:
        async with opened.acquire() as connection:
            await migrate(connection, {"runtime": RUNTIME_MIGRATIONS, "notifications": MIGRATIONS})
        yield opened
