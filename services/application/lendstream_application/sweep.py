"""Asks again for decisions that did not come: one bounded batch at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

from lendstream.runtime.database import transaction
from lendstream.runtime.decider import Change
from lendstream.runtime.state import Runtime
from lendstream.runtime.story import Story
from lendstream.runtime.telemetry import logger

from .domain.decision import ask_again
from .store import Applications

BATCH = 200
"""Questions asked again in one transaction, and at most in one pause: a decision service that comes back after a long
absence is not flooded."""
PAUSE_SECONDS = 1.0


async def keep_asking(runtime: Runtime, applications: Applications, patience: timedelta) -> None:
    """Run until cancelled; infrastructure errors are raised, and the runtime starts it anew."""
    while True:
        await sweep(runtime, applications, patience)
        await asyncio.sleep(min(PAUSE_SECONDS, patience.total_seconds()))


async def sweep(runtime: Runtime, applications: Applications, patience: timedelta) -> int:
    """Ask again, once, for up to BATCH decisions that are overdue; returns how many."""
    now = datetime.now(UTC)
    async with transaction(runtime.pool) as connection:
        found = await applications.undecided(connection, now, BATCH)
        if not found:
            return 0
        asked = {key: ask_again(state, now, patience) for key, state in found.items()}
        await applications.save(connection, {key: Change(found[key], after) for key, (after, _) in asked.items()})
        for state, question in asked.values():
            story = Story(state.correlation_id, traceparent=state.traceparent)
            await runtime.unit_of_work.publish(connection, [question], story, now)
    runtime.unit_of_work.wake()
    logger().warning("asked again for decisions", applications=len(asked))
    return len(asked)
