"""What has to be different in Faust 0.15 so that state and events are neither lost nor stuck.

- `SafeRecovery` stops the flow before Faust seeks back to the committed offsets: otherwise events that were fetched
  while a table recovered are dropped from the queues and never seen again (faust-streaming/faust#596).
- `StateTable` leaves the changelog to the worker, which writes it with its own idempotent producer and acknowledges an
  event only when its state is confirmed. Faust's own way only logs a failed changelog write, and commits the offset.
- `SafeTables` lets everything on its way arrive before it reads the changelog's end in a rebalance: otherwise
  partitions that are kept would be set back to an older state.
- Keys and values are raw bytes: nothing is decoded in a recovery, so that no record can stall it.
"""

from typing import Any

from faust.tables import Table, TableManager
from faust.tables.recovery import Recovery

from lendstream_risk.outgoing import Outgoing


class StateTable(Table):
    """A table of raw bytes whose changelog the worker writes."""

    def on_key_set(self, key: bytes, value: bytes) -> None:
        """Send nothing."""


class SafeRecovery(Recovery):
    """Recovery through which no fetched event slips."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Stop the flow, then let Faust seek to the committed offsets and start it again."""
        consumer = self.app.consumer
        consumer.stop_flow()
        await consumer.wait_for_stopped_flow()
        await super().on_recovery_completed(generation_id)


class SafeTables(TableManager):
    """Tables with that recovery."""

    outgoing: Outgoing | None = None
    _recovery: SafeRecovery | None = None

    @property
    def recovery(self) -> SafeRecovery:
        """The recovery, made once."""
        if self._recovery is None:
            self._recovery = SafeRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Start at once; Faust waits a second first, for agents that declare tables late."""
        await self._update_channels()
        await self.recovery.start()

    async def on_rebalance(self, *args: Any, **kwargs: Any) -> None:
        """Let what is on its way arrive, then recover."""
        if self.outgoing:
            await self.outgoing.settled()
        await super().on_rebalance(*args, **kwargs)
