"""Tests wait for conditions, never for times."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def until(condition: Callable[[], Awaitable[T]], what: str, limit: float = 120) -> T: ...
@overload
async def until(condition: Callable[[], T], what: str, limit: float = 120) -> T: ...
async def until(condition: Callable[[], Any], what: str, limit: float = 120) -> Any:
    """Wait until the condition gives something true, and return it; fail after a generous limit."""
    deadline = time.monotonic() + limit
    while True:
        found = condition()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit} s in vain until {what}; last seen: {value!r}")
        await asyncio.sleep(0.05)
