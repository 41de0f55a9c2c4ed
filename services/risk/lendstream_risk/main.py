"""The composition root: `python -m lendstream_risk.main` or `lendstream-risk`.

Order of the start: policies, logs, probes, broker, topics, state. SIGTERM or SIGINT: what was taken is published,
confirmed and committed, the group is left, the process ends with 0. An error that is no record's fault ends it with 1.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping

import uvloop

from lendstream.runtime import telemetry
from lendstream.runtime.http import Server, operations_app
from lendstream.runtime.telemetry import logger
from lendstream_risk import policies
from lendstream_risk.session import Session, StartError
from lendstream_risk.settings import RiskSettings

STOP_SECONDS = 30
"""Faust may hang when it stops while the broker is away; everything is safe by then, so the process ends anyway."""


def main() -> None:
    """Run until SIGTERM; exits with 1 when it cannot start or had to stop."""
    settings = RiskSettings()
    telemetry.configure("risk", settings.log_level, settings.log_format)
    try:
        rulebook = policies.load(settings.policies)
    except policies.PolicyError as error:
        logger().critical("cannot start", reason=str(error))
        sys.exit(1)
    sys.exit(uvloop.run(Process(settings, Session(settings, rulebook)).main()))


class Process:
    """One run of the process."""

    def __init__(self, settings: RiskSettings, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._stopping = asyncio.Event()

    async def main(self) -> int:
        """The exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        server = Server(operations_app("risk", self._ailments), self._settings.http_host, self._settings.http_port)
        serving = asyncio.create_task(self._serve(server))
        working = asyncio.create_task(self._session.run(self._stopping))
        await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
        self._stop()
        await asyncio.wait({working})
        server.should_exit = True
        await asyncio.wait({serving}, timeout=5)
        errors = [error for task in (working, serving) if task.done() and (error := task.exception())]
        for error in errors:
            logger().critical("stopped for good", error=str(error) or repr(error))
        logger().info("stopped")
        return 1 if errors else 0

    async def _serve(self, server: Server) -> None:
        try:
            await server.serve()
        except SystemExit:
            raise StartError(f"cannot listen on port {self._settings.http_port}: set LENDSTREAM_HTTP_PORT") from None

    def _stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            _end_after(STOP_SECONDS)

    def _ailments(self) -> Mapping[str, str | None]:
        return {"worker": "stopping" if self._stopping.is_set() else self._session.ailment}


def _end_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
