"""What the benchmarks share: a stack of their own, and a figure beside its floor."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lendstream_local.stack import Stack


@contextmanager
def own_stack() -> Iterator[Stack]:
    """A Kafka and a PostgreSQL for this run alone, as durable as in production; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="lendstream-bench-"))
    stack = Stack.start(home, temporary=True)
    try:
        yield stack
    finally:
        stack.stop(remove=True)


async def until(condition: Callable[[], bool], what: str, limit: float = 120) -> None:
    """Wait until the condition holds; give up after the limit, for a benchmark that hangs measures nothing."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit} s in vain until {what}")
        await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Figure:
    """A speed, the floor measured in the same run, and the goal for their ratio."""

    what: str
    figure: float
    floor_is: str
    floor: float
    unit: str
    goal: float

    @property
    def ratio(self) -> float:
        """Of the figure to its floor."""
        return self.figure / self.floor

    def show(self) -> None:
        """Print it: for people, or as JSON with --json."""
        if "--json" in sys.argv:
            print(json.dumps(asdict(self) | {"ratio": round(self.ratio, 3)}))
            return
        print(f"{self.what}: {self.figure:,.0f} {self.unit}")
        print(f"  floor: {self.floor_is}: {self.floor:,.0f} {self.unit}")
        print(f"  ratio {self.ratio:.2f} (goal {self.goal}: {'met' if self.ratio >= self.goal else 'MISSED'})")
