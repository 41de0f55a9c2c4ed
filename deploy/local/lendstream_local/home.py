"""The folder a stack lives in: what is kept for ever (ports, password) and what runs now (pids).

`config.json` survives `down`, so a restart has the same addresses and the same data. `state.json` exists only
while a stack is meant to run; it is a hint, and each pid in it is checked against the process it names.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lendstream_local.errors import StackError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Config:
    """What one stack keeps across restarts."""

    kafka_port: int
    controller_port: int
    postgres_port: int
    postgres_password: str
    postgres_data: str | None = None
    """Where Postgres keeps its data; None until the first start has chosen it."""
    durable: bool = True
    """False turns fsync off: data survives a killed server but not a power cut."""


@dataclass(frozen=True)
class Home:
    """Paths and small files of one stack."""

    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    def create(self) -> None:
        """Make the folder. Raises StackError when that is not possible."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"Cannot write to {self.path} ({error.strerror}); choose another folder.") from error

    def config(self) -> Config:
        """Read the configuration. Raises StackError when there is none, or it is not readable."""
        try:
            return Config(**json.loads(self.config_file.read_text()))
        except FileNotFoundError:
            raise StackError(f"No stack was ever started in {self.path}.") from None
        except (OSError, ValueError, TypeError) as error:
            raise StackError(
                f"{self.config_file} is not readable ({error}); remove {self.path} to start anew."
            ) from error

    def save(self, config: Config) -> None:
        write_private(self.config_file, asdict(config))

    def state(self) -> dict[str, int] | None:
        """Pids by name, or None when no stack is meant to run. A half-written or foreign file counts as none."""
        try:
            state = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return None
        return {name: pid for name, pid in state.items() if isinstance(pid, int)} if isinstance(state, dict) else None

    def record(self, **pids: int) -> None:
        """Note which process plays which part; several processes may do so at once."""
        with self.lock("state"):
            write_private(self.state_file, (self.state() or {}) | pids)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold off the other processes that work on this home; the system lets go if the holder dies."""
        with (self.path / f".{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def new_config(*, durable: bool) -> Config:
    kafka, controller, postgres = free_ports(3)
    return Config(kafka, controller, postgres, secrets.token_urlsafe(18), durable=durable)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below the range that the system gives to outgoing connections.

    A port of that range may be taken by a client while its server is away, even by the client that keeps
    trying to reach this very server: then the server cannot come back.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 12_000):
        if len(found) == count:
            break
        if port_is_free(port):
            found.append(port)
    if len(found) < count:
        raise StackError(f"No free port on {HOST} between 20000 and 32000; stop some of what listens there.")
    return found


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def remove_folder(path: Path) -> None:
    """Remove it whole, also when a program that was just ended still puts a last file there."""
    for attempt in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1 * attempt)
    raise StackError(f"Cannot remove {path}; remove it by hand.")


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
