"""The ways out: each hands a message to its provider and says in the domain's terms what came of it."""

from typing import Protocol

from lendstream.events.notification import Channel
from lendstream_notifications.domain.sending import Delivery
from lendstream_notifications.wording import Text


class Transport(Protocol):
    """A provider. Nothing it returns or logs holds an address or a text."""

    channel: Channel
    repeatable: bool
    """Whether the provider delivers a key once, however often it is sent."""
    at_once: int
    """How many messages may be handed over at the same time."""

    async def deliver(self, address: str, text: Text, key: str) -> Delivery:
        """Hand over; raises nothing for whatever the provider does."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
