"""One server process: start it, see it, stop it, kill it, and start it again on the same port and data."""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lendstream_local.accounts import MYSELF, Account
from lendstream_local.errors import NotRunning, StackError
from lendstream_local.home import Config, Home, port_is_free

if TYPE_CHECKING:
    from rich.progress import Progress

START_SECONDS = 120.0
STOP_SECONDS = 30.0
PORT_SECONDS = 5.0
POLL_SECONDS = 0.05

_children: dict[int, subprocess.Popen[bytes]] = {}
"""The servers that this process started, kept so that their ends are reaped."""


class Server(ABC):
    """A server of the stack. Its state is the process itself, so any number of handles agree on it."""

    name: str

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def log_path(self) -> Path:
        return self.home.logs / f"{self.name}.log"

    @property
    def config(self) -> Config:
        return self.home.config()

    @property
    @abstractmethod
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""

    @property
    @abstractmethod
    def marks(self) -> frozenset[str]:
        """Arguments that only this server of this home has on its command line: they tell it from a stranger
        that was given its pid later, and find it when the state file is lost."""

    @abstractmethod
    def prepare(self, progress: Progress | None) -> None:
        """Make its files ready to start on. Raises StackError."""

    @abstractmethod
    def launch(self, log: int) -> subprocess.Popen[bytes]:
        """Start the process with its output going to the file descriptor `log`. Raises StackError."""

    @abstractmethod
    def ready(self, output: str) -> bool:
        """Whether it takes clients now; `output` is what it has logged since its start."""

    @abstractmethod
    def ask_to_stop(self, process: psutil.Process) -> None:
        """Send the signal for a graceful stop."""

    @property
    def pid(self) -> int:
        """Raises NotRunning."""
        process = self._process()
        if process is None:
            raise NotRunning(f"{self.name} is not running in {self.home.path}.")
        return process.pid

    def running(self) -> bool:
        return self._process() is not None

    def start(self, progress: Progress | None = None) -> None:
        """Start it and wait until it takes clients; does nothing if it runs. Raises StackError."""
        with self.home.lock(self.name):
            if not self.running():
                self._start(progress)

    def kill(self) -> None:
        """End it at once, as kill -9 does, with all its children; does nothing if it is not running."""
        if process := self._process():
            kill_all([process, *_descendants(process)])

    def stop(self) -> None:
        """End it gracefully, or by force when it does not end in 30 s; does nothing if it is not running."""
        if process := self._process():
            family = [process, *_descendants(process)]
            self.ask_to_stop(process)
            if not _gone(family, STOP_SECONDS):
                kill_all(family)

    def _start(self, progress: Progress | None) -> None:
        self.prepare(progress)
        if not _wait_for(lambda: port_is_free(self.port), PORT_SECONDS):
            raise StackError(f"Port {self.port} of {self.name} is taken by another program; end that program first.")
        with self.log_path.open("ab") as log:
            offset = log.tell()
            child = self.launch(log.fileno())
        _children[child.pid] = child
        self.home.record(**{self.name: child.pid})
        self._wait_until_ready(child, offset)

    def _process(self) -> psutil.Process | None:
        recorded = (self.home.state() or {}).get(self.name)
        if recorded is not None and psutil.pid_exists(recorded):
            candidate = _open(recorded)
            if candidate is not None and self._owns(candidate):
                return candidate
        return next((process for process in psutil.process_iter() if self._owns(process)), None)

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if child := _children.get(process.pid):
                child.poll()
            return self.marks <= set(process.cmdline())
        except psutil.Error:
            return False

    def _wait_until_ready(self, child: subprocess.Popen[bytes], offset: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            output = self._output_since(offset)
            if child.poll() is not None:
                raise StackError(f"{self.name} ended while starting: {reason(output)} (log: {self.log_path})")
            try:
                if self.ready(output):
                    return
            except StackError:
                self.kill()
                raise
            time.sleep(POLL_SECONDS)
        self.kill()
        raise StackError(f"{self.name} did not start within {START_SECONDS:.0f} s; see {self.log_path}.")

    def _output_since(self, offset: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")


def run(
    command: Sequence[str | Path], what: str, *, env: dict[str, str] | None = None, account: Account = MYSELF
) -> None:
    """Run a helper program to its end. Raises StackError saying `what` went wrong."""
    try:
        done = subprocess.run(
            command,
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=account.uid,
            group=account.gid,
            extra_groups=account.extra_groups,
        )
    except OSError as error:
        raise StackError(f"{what} failed: {error}.") from error
    if done.returncode:
        raise StackError(f"{what} failed: {reason(done.stdout)}")


def reason(output: str) -> str:
    """The line of a log that most likely says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL", "ERROR", "Exception", "error:"))]
    return (telling or lines or ["it said nothing"])[0 if telling else -1]


def _open(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def kill_all(family: list[psutil.Process]) -> None:
    """End them as kill -9 does, and wait until they are gone."""
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    _gone(family, STOP_SECONDS)


def _gone(family: list[psutil.Process], seconds: float) -> bool:
    """Wait for all of them to end, and reap those that are ours; False when some are left."""
    return _wait_for(lambda: not any(_lives(member) for member in family if not _reaped(member.pid)), seconds)


def _reaped(pid: int) -> bool:
    child = _children.get(pid)
    if child is None or child.poll() is None:
        return False
    del _children[pid]
    return True


def _wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _lives(process: psutil.Process) -> bool:
    """Whether it still holds anything. While threads of a killed process are ending, it looks like a zombie that
    has threads, and has its port and its files still open."""
    try:
        return bool(process.is_running()) and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False
