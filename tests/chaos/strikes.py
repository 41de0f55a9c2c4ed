"""What is killed, when, and how it comes back.

On a machine so slow that a service is struck again before it has come back, nothing gets done and nothing is tried: the
storm waits for whom it struck, and for half of the services to be ready.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
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
    _away: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._spared = set(self.targets)

    async def rage(self, number: int, calm: asyncio.Event) -> None:
        """Strike until it is to be calm; then everything is running again."""
        while not calm.is_set():
            if target := self._next(await self._standing()):
                away = self.rng.uniform(0.5, 4) if target in SERVERS else 0.0
                if await self._kill(target, away):
                    self.strikes.append(Strike(time.monotonic() - self._began, number, target, away))
                    self._spared.discard(target)
                    self._away |= {target} & set(SERVICES)
            with suppress(TimeoutError):
                await asyncio.wait_for(calm.wait(), self.rng.uniform(2, 5))

    async def _standing(self) -> list[str]:
        """Whoever has come back since it was struck; nobody while most services are away."""
        programs = self.platform.programs
        ready = [name for name in SERVICES if await asyncio.to_thread(programs[name].probe, "/health/ready")]
        self._away -= set(ready)
        if len(ready) < len(SERVICES) / 2:
            return []
        return [target for target in self.targets if target not in self._away]

    def _next(self, standing: Sequence[str]) -> str | None:
        """Every target once before any comes twice: no run spares one by luck."""
        choices = [target for target in standing if target in self._spared] or standing
        return self.rng.choice(choices) if choices else None

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
