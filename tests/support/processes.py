"""Services as processes, the way they run in production."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from lendstream_local.home import free_ports
from lendstream_local.supervise import die_with_parent
from support.waiting import until

TESTS = Path(__file__).parent.parent


def free_port() -> int:
    """A port that nothing listens on now."""
    (port,) = free_ports(1)
    return port


class Process:
    """A service in a process of its own; its log goes to a file."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self.module = module
        self.port = free_port()
        self.log = log
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(TESTS),
            "LENDSTREAM_HTTP_PORT": str(self.port),
            "LENDSTREAM_LOG_FORMAT": "console",
            **environment,
        }
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its HTTP listens."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        """What its HTTP answers."""
        return httpx.get(f"{self.url}{path}", timeout=10)

    def start(self) -> "Process":
        """Start it (again)."""
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", self.module],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # a test run that is killed leaves no service behind
            )
        return self

    def running(self) -> bool:
        """Whether the process is there."""
        return self._popen is not None and self._popen.poll() is None

    def ready(self) -> bool:
        """Whether it says that it does its work; raises when it has ended."""
        if not self.running():
            raise AssertionError(f"{self.module} ended:\n{self.log.read_text()[-4000:]}")
        try:
            return self.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    async def started(self) -> "Process":
        """Start it and wait until it is ready."""
        self.start()
        await until(self.ready, f"{self.module} is ready")
        return self

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns its exit code."""
        return self._end(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self._popen is not None:
            self._popen.send_signal(number)

    def _end(self, number: int) -> int:
        if self._popen is None:
            return 0
        if self._popen.poll() is None:
            self._popen.send_signal(number)
        return self._popen.wait(timeout=90)
