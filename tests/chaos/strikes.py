"""What is killed, when, and how it comes back."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lendstream_local.platform import SERVICES, Platform

SERVERS = ("kafka", "postgres")
TARGETS = (*SERVICES, *SERVERS)


@dataclass(frozen=True, slots=True)
class Strike:
    """One kill -9."""

    second: float
    """Since the beginning of the run."""
    round: int
    target: str
    away: float
    """Seconds until it was started again; a service's supervisor does that at once."""


@dataclass
class Storm:
    """Kills a random process every few seconds. A server is started again here, a service by its supervisor."""

    platform: Platform
    rng: random.Random
    targets: Sequence[str] = TARGETS
    strikes: list[Strike] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _spared: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._spared = set(self.targets)

    async def rage(self, number: int, calm: asyncio.Event) -> None:
        """Strike until it is to be calm; then everything is running again."""
        while not calm.is_set():
            target = self._next()
            away = self.rng.uniform(0.5, 4) if target in SERVERS else 0.0
            if await self._kill(target, away):
                self.strikes.append(Strike(time.monotonic() - self._began, number, target, away))
                self._spared.discard(target)
            try:
                await asyncio.wait_for(calm.wait(), self.rng.uniform(2, 5))
            except TimeoutError:
                continue

    def _next(self) -> str:
        """Every target once before any comes twice: no run spares one by luck."""
        return self.rng.choice(sorted(self._spared) or list(self.targets))

    async def _kill(self, target: str, away: float) -> bool:
        if target in SERVERS:
            server = self.platform.stack.kafka if target == "kafka" else self.platform.stack.postgres
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(away)
            await asyncio.to_thread(server.start)
            return True
        pid = await asyncio.to_thread(self.platform.programs[target].worker_pid)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True
