"""The composition root: `python -m lendstream_risk.main` or `lendstream-risk`.

Order of the start: policies, logs, probes, broker, topics, state. SIGTERM or SIGINT: what was taken is published,
confirmed and committed, the group is left, the process ends with 0. When the broker stays away for longer than the
producer's timeout, the process starts anew in its place and waits for it. Any other error ends it with 1.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping

import uvloop
from aiokafka.errors import KafkaError

from lendstream.runtime import telemetry
from lendstream.runtime.http import Server, operations_app
from lendstream.runtime.telemetry import logger
from lendstream_risk import policies
from lendstream_risk.domain.rulebook import Rulebook
from lendstream_risk.session import Session, StartError
from lendstream_risk.settings import RiskSettings

STOP_SECONDS = 20
"""Faust may hang in its stop while the broker is away. Everything is safe by then, so the process ends anyway."""
AGAIN = os.EX_TEMPFAIL
"""Infrastructure failed: the process starts anew in its place, and waits for the broker."""


def main() -> None:
    """Run until SIGTERM; exits with 1 when it cannot start or had to stop."""
    settings = RiskSettings()
    telemetry.configure("risk", settings.log_level, settings.log_format)
    try:
        rulebook = policies.load(settings.policies)
    except policies.PolicyError as error:
        logger().critical("cannot start", reason=str(error))
        sys.exit(1)
    _end(uvloop.run(Process(settings, rulebook).main()))


class Process:
    """One run of the process."""

    def __init__(self, settings: RiskSettings, rulebook: Rulebook) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._stopping = asyncio.Event()

    async def main(self) -> int:
        """The exit code: 0, 1 or AGAIN."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        session = Session(self._settings, self._rulebook)

        def ailments() -> Mapping[str, str | None]:
            return {"worker": "stopping" if self._stopping.is_set() else session.ailment}

        server = Server(operations_app("risk", ailments), self._settings.http_host, self._settings.http_port)
        serving = asyncio.create_task(self._serve(server))
        working = asyncio.create_task(session.run(self._stopping))
        await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        await asyncio.wait({working})
        code = max(map(_verdict, (working, serving)))
        _end_after(STOP_SECONDS, code)
        await session.close()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=5)
        logger().info("stopped", code=code)
        return code

    async def _serve(self, server: Server) -> None:
        try:
            await server.serve()
        except SystemExit:
            raise StartError(f"cannot listen on port {self._settings.http_port}: set LENDSTREAM_HTTP_PORT") from None


def _verdict(task: asyncio.Task[None]) -> int:
    """The exit code that a task asks for by the way it ended."""
    error = task.exception() if task.done() else None
    if error is None:
        return 0
    if isinstance(error, KafkaError | OSError):
        logger().error("infrastructure failed; starting anew", error=repr(error))
        return AGAIN
    logger().critical("stopped for good", error=repr(error), exc_info=error)
    return 1


def _end_after(seconds: float, code: int) -> None:
    timer = threading.Timer(seconds, _end, [code])
    timer.daemon = True
    timer.start()


def _end(code: int) -> None:
    """End at once, or start anew in the same process."""
    sys.stdout.flush()
    if code == AGAIN:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    os._exit(code)


if __name__ == "__main__":
    main()
