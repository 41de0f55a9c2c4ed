"""Notice that the process did not run for a while: stopped, swapped out, or on a machine that was paused.

Its group may have given its partitions to another instance by then. What it still has in hand was made from a state
that the other one has left behind, so nothing of it may be published: the process starts anew.
"""

import asyncio
import time

LONGEST_SECONDS = 8.0
"""Below the group's session timeout."""
_BETWEEN_CHECKS = 0.5


class StoodStillError(ConnectionError):
    """The process did not run for so long that its group may have gone on without it."""


class Standstill:
    """Checked by a task of its own, and before anything is published."""

    def __init__(self) -> None:
        self._ran = time.monotonic()

    def check(self) -> None:
        """Raise StoodStillError if the last check is too long ago; from then on at every check."""
        now = time.monotonic()
        if now - self._ran > LONGEST_SECONDS:
            raise StoodStillError(
                f"the process stood still for {now - self._ran:.0f} s; another may do its work by now"
            )
        self._ran = now

    async def watch(self) -> None:
        """Check until cancelled. Errors: StoodStillError."""
        while True:
            self.check()
            await asyncio.sleep(_BETWEEN_CHECKS)
