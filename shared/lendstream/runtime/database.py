"""PostgreSQL: pools, and which errors are the infrastructure's fault and which the data's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from lendstream.runtime.sql import Connection, Pool
from lendstream.runtime.telemetry import logger

_INFRASTRUCTURE: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # "cannot switch to state ...": the server died in the middle of an operation
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.InvalidCachedStatementError,
    asyncpg.exceptions.InternalServerError,
)


def is_infrastructure(error: BaseException) -> bool:
    """Whether trying again can help: the server is away, restarts, or chose this transaction as the victim."""
    # asyncpg says "invalid input for query argument" with a class that is both an interface and a data error
    return isinstance(error, _INFRASTRUCTURE) and not isinstance(error, asyncpg.DataError)


async def open_pool(url: str, *, name: str, size: int, statement_timeout: float) -> Pool:
    """A pool of connections; waits with growing pauses, for ever, until the server is there.

    Errors: what the server says when it is there and refuses (wrong password, no such database).
    """
    pause = 0.1
    while True:
        try:
            return await asyncpg.create_pool(
                url,
                min_size=2,
                max_size=size,
                command_timeout=statement_timeout,
                timeout=10,
                reset=_nothing_to_reset,
                server_settings={"application_name": f"lendstream-{name}", "timezone": "UTC"},
            )
        except Exception as error:
            if not is_infrastructure(error):
                raise
            logger().warning("the database is away; trying again", error=repr(error), pause_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)


async def _nothing_to_reset(connection: Connection) -> None:
    """Whoever borrows a connection changes nothing beyond its transaction, so that its return costs no round trip."""


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A connection in a transaction: committed at the end, rolled back when anything is raised."""
    async with pool.acquire(timeout=30) as connection, connection.transaction():
        yield connection
