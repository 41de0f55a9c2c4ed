"""Tests wait for conditions, never for times."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T | Awaitable[T]], what: str, limit: float = 120) -> T:
    """Wait until the condition gives something true, and return it; fail after a generous limit."""
    deadline = time.monotonic() + limit
    while True:
        found = condition()
        value: T = await found if inspect.isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit} s in vain until {what}; last seen: {value!r}")
        await asyncio.sleep(0.05)
