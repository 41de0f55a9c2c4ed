"""Not faster than the platform: a business day is over when the services have closed it.

Only servicing tells of it on a topic. The others show on `/metrics` the last day that they have closed, so a run that
is to tell a sensible story (no reminder on the wrong day) waits for that before it begins the next one.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

import httpx

_METRIC = "lendstream_business_day"
_BETWEEN_LOOKS = 0.05


class Pace:
    """Waits for services by the addresses of their HTTP, as `http://127.0.0.1:8083`."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)

    async def __call__(self, day: date) -> None:
        """Return once every service has closed the day; a service that does not answer is waited for."""
        async with httpx.AsyncClient(timeout=5) as client:
            for url in self._urls:
                await _until_closed(client, url, day)


async def _until_closed(client: httpx.AsyncClient, url: str, day: date) -> None:
    while True:
        if await _last_closed(client, url) >= day.toordinal():
            return
        await asyncio.sleep(_BETWEEN_LOOKS)


async def _last_closed(client: httpx.AsyncClient, url: str) -> float:
    """The last day that a service has closed, as an ordinal; 0 where it does not say."""
    try:
        page = (await client.get(f"{url.rstrip('/')}/metrics", follow_redirects=True)).text
    except httpx.TransportError:
        return 0
    found = [line.split() for line in page.splitlines() if line.startswith(f"{_METRIC} ")]
    return float(found[0][1]) if found else 0
