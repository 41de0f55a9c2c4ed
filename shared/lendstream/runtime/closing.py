"""Ending clients that may be broken."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def close_quietly(closing: Coroutine[Any, Any, Any], seconds: float) -> None:
    """Wait for a client's close, at most so long, whatever it raises.

    In a task of its own: aiokafka passes on the CancelledError of its inner tasks when the broker is away, and awaited
    directly that would look like a cancellation of whoever closes the client.
    """
    task = asyncio.ensure_future(closing)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()


async def end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over; raises what it raised.

    Once may not be enough: asyncio.wait_for, before Python 3.12, swallows a cancellation that comes as what it waits
    for returns, and the task goes on.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
    if not task.cancelled():
        task.result()


def really_cancelled() -> bool:
    """Whether the running task itself was cancelled; else a CancelledError leaked out of a client."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
