"""A process that stood still publishes nothing of what it had in hand."""

import asyncio

import pytest
from aiokafka.errors import KafkaError

from lendstream.runtime.producer import new_producer
from lendstream_risk.standstill import LONGEST_SECONDS, Standstill, StoodStillError


class Clock:
    """The time, to be moved on."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_runs_is_let_through(clock: Clock) -> None:
    watch = Standstill(clock)
    for _ in range(3):
        clock.now += LONGEST_SECONDS
        watch.check()


def test_who_stood_still_is_stopped_for_good(clock: Clock) -> None:
    watch = Standstill(clock)
    clock.now += LONGEST_SECONDS + 0.1
    for _ in range(2):
        with pytest.raises(StoodStillError):
            watch.check()


async def test_nothing_of_a_burst_goes_out_after_a_standstill(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = new_producer("127.0.0.1:1", "test")
    sent: list[object] = []

    async def send(node: int, request: object) -> None:
        sent.append(request)

    monkeypatch.setattr(producer.client, "send", send)
    Standstill(clock).guard(producer)
    await producer.client.send(1, "before")
    clock.now += LONGEST_SECONDS + 0.1
    with pytest.raises(StoodStillError):
        await producer.client.send(1, "after")
    assert sent == ["before"]


def test_the_producer_does_not_try_again_what_was_held_back() -> None:
    assert issubclass(StoodStillError, KafkaError)
    assert not StoodStillError.retriable


async def test_the_watch_ends_with_the_standstill(clock: Clock) -> None:
    watching = asyncio.create_task(Standstill(clock).watch())
    await asyncio.sleep(0)
    clock.now += 60
    with pytest.raises(StoodStillError):
        await watching
