"""A program of the platform (a service, or the simulated outside world) as a supervised process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from urllib.request import ProxyHandler, build_opener

import psutil

from lendstream_local.errors import StackError
from lendstream_local.home import HOST, Home
from lendstream_local.server import Server, reason
from lendstream_local.supervise import ENDED

_SUPERVISOR = "lendstream_local.supervise"
_ENDS = 3
_open = build_opener(ProxyHandler({}))  # a proxy of the environment is not for the loopback


class Program(Server):
    """A Python module that runs until it is stopped, started again whenever it ends by itself."""

    def __init__(self, home: Home, name: str, command: list[str], port: int, environment: Mapping[str, str]) -> None:
        super().__init__(home)
        self.name = name
        self._command = command
        self._port = port
        self._environment = environment

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """Where its HTTP listens."""
        return f"http://{HOST}:{self._port}"

    @property
    def marks(self) -> frozenset[str]:
        return frozenset({_SUPERVISOR, str(self.home.path), self.name})

    def prepare(self, progress: object) -> None:
        """Nothing: migrations are the service's own."""

    def launch(self, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", _SUPERVISOR, str(self.home.path), self.name, "--", sys.executable, *self._command],
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ready(self, output: str) -> bool:
        """Whether its readiness probe says so. Raises StackError when it keeps ending."""
        if output.count(ENDED) >= _ENDS:
            raise StackError(f"{self.name} ends again and again: {reason(output)} (log: {self.log_path})")
        return self.probe("/health/ready")

    def probe(self, path: str) -> bool:
        """Whether a GET is answered with success."""
        try:
            with _open.open(f"{self.url}{path}", timeout=2) as response:
                return 200 <= int(response.status) < 300
        except OSError:
            return False

    def ask_to_stop(self, process: psutil.Process) -> None:
        process.terminate()

    def worker_pid(self) -> int | None:
        """The process that does the work, below its supervisor; None in the pause between two runs."""
        if not self.running():
            return None
        children = psutil.Process(self.pid).children()
        return children[0].pid if children else None
