"""Waiting for what a fold will show."""

import asyncio
from collections.abc import Callable

LIMIT = 120.0
"""Seconds that a condition may take by default."""


class UnsettledError(TimeoutError):
    """A condition did not come true in time; the message names what was still missing."""


class News:
    """Whoever waits looks again whenever there is news."""

    def __init__(self) -> None:
        self._condition = asyncio.Condition()

    async def tell(self) -> None:
        """Something has changed."""
        async with self._condition:
            self._condition.notify_all()

    async def until(self, condition: Callable[[], bool], what: Callable[[], str], limit: float) -> None:
        """Return once the condition holds.

        Args:
            condition: looked at first, and with all news; what it raises ends the wait.
            what: names what is missing, for the error.
            limit: seconds.

        Raises:
            UnsettledError: it did not hold in time.
        """
        try:
            async with asyncio.timeout(limit), self._condition:
                await self._condition.wait_for(condition)
        except TimeoutError as error:
            raise UnsettledError(f"waited {limit:g} s for {what()}") from error
