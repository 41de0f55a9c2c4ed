"""The command line against the real broker."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lendstream.cli.main import app
from lendstream.envelope import Record
from support.broker import fresh_topics, producer, read_topic

Lendstream = Callable[..., Result]


@dataclass(frozen=True)
class Broker:
    """The broker, for tests that are not asynchronous, as the command line runs its own event loop."""

    bootstrap: str

    def send(self, records: Iterable[Record]) -> None:
        """Publish these records."""

        async def publish() -> None:
            async with producer(self.bootstrap) as send:
                await send(records)

        asyncio.run(publish())

    def read(self, *topics: str) -> list[Record]:
        """Everything on these topics, in the order of each partition."""
        return asyncio.run(read_topic(self.bootstrap, *topics))


@pytest.fixture
def broker(kafka_bootstrap: str) -> Broker:
    """The broker with the registry's topics, all empty, and those of one partner."""
    asyncio.run(fresh_topics(kafka_bootstrap, ["phone-shop"]))
    return Broker(kafka_bootstrap)


@pytest.fixture
def lendstream(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Lendstream:
    """Runs a command; `stdin` is its input."""
    monkeypatch.setenv("LENDSTREAM_KAFKA_BOOTSTRAP", kafka_bootstrap)
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin)

    return run


def in_json(result: Result) -> Any:
    """What a command with --json printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def json_lines(result: Result) -> Sequence[dict[str, Any]]:
    """What a command printed that prints one JSON object a line."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]
