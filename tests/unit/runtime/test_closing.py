"""A task that swallows a cancellation is ended all the same."""

import asyncio

import pytest

from lendstream.runtime.closing import end_task


async def deaf(times: int) -> None:
    """Goes on after so many cancellations, as a task inside asyncio.wait_for may."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            times -= 1
            if times < 0:
                raise


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_a_task_is_ended_however_often_it_must_be_told(times: int) -> None:
    task = asyncio.create_task(deaf(times))
    await asyncio.sleep(0)
    await end_task(task)
    assert task.cancelled()


async def test_what_it_raised_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("its own fault")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="its own fault"):
        await end_task(task)
