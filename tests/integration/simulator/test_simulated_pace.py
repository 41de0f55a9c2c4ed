"""A run waits for services that show on /metrics which day they have closed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from lendstream_simulator.pace import Pace
from support.processes import free_port

DAY = date(2026, 3, 2)


class Service:
    """A service's metrics page."""

    def __init__(self) -> None:
        self.closed = DAY.toordinal() - 1
        self.asked = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = f"# HELP lendstream_business_day The last day.\nlendstream_business_day {float(self.closed)}\n".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page))
        await writer.drain()
        writer.close()
        self.asked.set()


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, str]]:
    page = Service()
    server = await asyncio.start_server(page.answer, "127.0.0.1", 0)
    async with server:
        yield page, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_waits_until_the_day_is_closed(service: tuple[Service, str]) -> None:
    page, url = service
    waiting = asyncio.create_task(Pace([url])(DAY))
    await asyncio.wait_for(page.asked.wait(), 60)
    assert not waiting.done()
    page.closed = DAY.toordinal()
    await asyncio.wait_for(waiting, 60)


async def test_waits_for_nobody_when_nobody_is_named() -> None:
    await asyncio.wait_for(Pace(())(DAY), 60)


async def test_waits_for_a_service_that_is_away() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(Pace([f"http://127.0.0.1:{free_port()}"])(DAY), 0.5)
