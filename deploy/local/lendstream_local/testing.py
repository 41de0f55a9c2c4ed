"""A pytest plugin: a real Kafka and a real PostgreSQL for a test run, behind two addresses.

Load it with `pytest_plugins = ["lendstream_local.testing"]` in the top conftest.

- `kafka_bootstrap`, `database`, `module_database`: what nearly every test needs. They come from the embedded
  stack, or from elsewhere (containers, a shared server) when LENDSTREAM_TEST_KAFKA ("host:port") and
  LENDSTREAM_TEST_POSTGRES (the URL of a database whose user may create databases) are both set.
- `stack`: the embedded stack itself, for tests that take a server away (`stack.kafka.kill()`), which no
  address can do. Give it back running: the whole test run shares it.

With LENDSTREAM_TEST_HOME set to a folder, the stack there is used, started if need be, and left running.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from lendstream_local.stack import Stack

KAFKA = "LENDSTREAM_TEST_KAFKA"
POSTGRES = "LENDSTREAM_TEST_POSTGRES"
HOME = "LENDSTREAM_TEST_HOME"


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The embedded stack of this test run; nothing of it is left afterwards, even if the run is killed."""
    if kept := os.environ.get(HOME):
        yield Stack.start(Path(kept), durable=False)
        return
    home = Path(tempfile.mkdtemp(prefix="lendstream-test-"))
    stack = Stack.start(home, durable=False, temporary=True)
    yield stack
    stack.stop(remove=True)


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """Kafka's address, "host:port"."""
    if _elsewhere():
        return os.environ[KAFKA]
    stack: Stack = request.getfixturevalue("stack")
    return stack.kafka_bootstrap


@pytest.fixture(scope="session")
def postgres_admin(request: pytest.FixtureRequest) -> str:
    """The URL of a database from which databases can be created."""
    if _elsewhere():
        return os.environ[POSTGRES]
    stack: Stack = request.getfixturevalue("stack")
    return stack.postgres_dsn("postgres")


@pytest.fixture
def database(postgres_admin: str) -> Iterator[str]:
    """The URL of a fresh, empty database for one test; dropped after it."""
    with fresh_database(postgres_admin) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def module_database(postgres_admin: str) -> Iterator[str]:
    """The URL of a fresh, empty database for one module's tests; dropped after them."""
    with fresh_database(postgres_admin) as dsn:
        yield dsn


@contextmanager
def fresh_database(admin_dsn: str) -> Iterator[str]:
    """Create a database of a unique name, give its URL, and drop it in the end, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(admin_dsn, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{name}"))
    finally:
        _execute(admin_dsn, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(dsn: str, statement: sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def _elsewhere() -> bool:
    """Whether the two addresses are given. Raises pytest.UsageError when only one is."""
    given = [name for name in (KAFKA, POSTGRES) if os.environ.get(name)]
    if len(given) == 1:
        raise pytest.UsageError(f"Only {given[0]} is set: set both {KAFKA} and {POSTGRES}, or neither.")
    return bool(given)
