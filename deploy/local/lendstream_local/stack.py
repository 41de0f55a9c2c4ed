"""A real Kafka and a real PostgreSQL on this machine, rooted in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil
import psycopg
from psycopg import sql

from lendstream_local.errors import NotRunning, StackError
from lendstream_local.home import HOST, Home, free_ports, new_config, port_is_free, remove_folder
from lendstream_local.kafka import Kafka
from lendstream_local.postgres import Postgres
from lendstream_local.server import STOP_SECONDS, Server

if TYPE_CHECKING:
    from rich.progress import Progress

WATCHDOG = "lendstream_local.watchdog"


def default_home() -> Path:
    """`.lendstream/` in the current folder, or what LENDSTREAM_HOME says."""
    return Path(os.environ.get("LENDSTREAM_HOME") or ".lendstream").absolute()


class Stack:
    """A handle on the stack of one folder. Any process may hold one; none of them owns the servers."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home.absolute())
        self.kafka = Kafka(self.home)
        self.postgres = Postgres(self.home)

    @classmethod
    def start(
        cls,
        home: Path,
        *,
        progress: Progress | None = None,
        kafka: bool = True,
        postgres: bool = True,
        durable: bool = True,
        die_with_parent: bool = False,
        temporary: bool = False,
    ) -> Self:
        """Start what does not run yet in this folder, and wait until it takes clients. Raises StackError.

        The ports chosen at the first start are kept, as long as no other program has taken them since.
        `durable=False` is for tests: what is committed survives a killed server, but not a power cut. With
        `die_with_parent` the servers that did not run before end when the calling process ends, even by kill -9;
        with `temporary` the folder is then removed too.
        """
        stack = cls(home)
        stack.home.create()
        with stack.home.lock("start"):
            stack._settle_config(durable=durable)
            stack.home.record()
            if (die_with_parent or temporary) and not stack._any_runs():
                stack._watch_over_parent(remove=temporary)
            wanted: list[Server] = [*([stack.kafka] if kafka else []), *([stack.postgres] if postgres else [])]
            stack._start([server for server in wanted if not server.running()], progress)
        return stack

    @classmethod
    def attach(cls, home: Path) -> Self:
        """The stack that runs in this folder. Raises NotRunning."""
        stack = cls(home)
        if stack.home.state() is None:
            raise NotRunning(f"No stack runs in {home}; start one with `lendstream-local up`.")
        if not stack._any_runs():
            raise NotRunning(f"The stack in {home} has died; start it again with `lendstream-local up`.")
        return stack

    @property
    def kafka_bootstrap(self) -> str:
        """Kafka's address, "127.0.0.1:port"."""
        return f"{HOST}:{self.kafka.port}"

    def postgres_dsn(self, database: str) -> str:
        """A connection URL over TCP. Creates nothing."""
        return self.postgres.dsn(database)

    def create_database(self, name: str) -> str:
        """Create the database if it is missing, and return its connection URL. Raises NotRunning."""
        if not self.postgres.running():
            raise NotRunning(f"postgres is not running in {self.home.path}; start it with `lendstream-local up`.")
        admin = psycopg.connect(self.postgres_dsn("postgres"), autocommit=True)
        with admin, suppress(psycopg.errors.DuplicateDatabase):
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.postgres_dsn(name)

    def stop(self, *, remove: bool = False) -> None:
        """End both servers and remove the state file; with `remove` the data and the folder too."""
        if not self.home.config_file.exists():
            return
        with self.home.lock("start"):
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda server: server.stop(), [self.kafka, self.postgres]))
            self._dismiss_watchdog()
            self.home.state_file.unlink(missing_ok=True)
            if remove:
                remove_folder(self.postgres.data)
                remove_folder(self.home.path)

    def _any_runs(self) -> bool:
        return self.kafka.running() or self.postgres.running()

    def _start(self, servers: list[Server], progress: Progress | None) -> None:
        """Start them all or none."""
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda server: server.start(progress), servers))
        except BaseException:
            for server in servers:
                server.stop()
            if not self._any_runs():
                self._dismiss_watchdog()
                self.home.state_file.unlink(missing_ok=True)
            raise

    def _settle_config(self, *, durable: bool) -> None:
        if not self.home.config_file.exists():
            if (self.home.path / "kafka").exists():
                raise StackError(f"{self.home.path} has data but no config.json; remove the folder to start anew.")
            self.home.save(new_config(durable=durable))
            return
        config = replace(self.home.config(), durable=durable)
        kafka, controller, postgres = free_ports(3)
        if not self.kafka.running() and not all(map(port_is_free, (config.kafka_port, config.controller_port))):
            config = replace(config, kafka_port=kafka, controller_port=controller)
        if not self.postgres.running() and not port_is_free(config.postgres_port):
            config = replace(config, postgres_port=postgres)
        self.home.save(config)

    def _watch_over_parent(self, *, remove: bool) -> None:
        command = [
            sys.executable,
            "-m",
            WATCHDOG,
            str(self.home.path),
            str(os.getpid()),
            *(["--remove"] if remove else []),
        ]
        with (self.home.logs / "watchdog.log").open("ab") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.home.record(watchdog=child.pid)

    def _dismiss_watchdog(self) -> None:
        watchdog = self._watchdog()
        if watchdog and watchdog.pid != os.getpid():
            with suppress(psutil.NoSuchProcess):
                watchdog.terminate()
                watchdog.wait(STOP_SECONDS)

    def _watchdog(self) -> psutil.Process | None:
        try:
            process = psutil.Process((self.home.state() or {})["watchdog"])
            return process if {WATCHDOG, str(self.home.path)} <= set(process.cmdline()) else None
        except (KeyError, psutil.Error):
            return None
