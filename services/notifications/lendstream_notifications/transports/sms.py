"""Text messages over an HTTP gateway: `POST {url}/v1/messages`, delivered once an Idempotency-Key."""

import asyncio

import httpx

from lendstream.events.notification import Channel
from lendstream_notifications.domain.sending import Answer, Delivery
from lendstream_notifications.wording import Text

# Not taken for reasons that are ours or the moment's, not the message's: the token, the URL, too many at once.
_NOT_NOW = frozenset((401, 403, 404, 405, 407, 408, 409, 421, 423, 425, 429, 503))


class SmsGateway:
    """The gateway's client: many connections, kept open."""

    channel = Channel.SMS
    repeatable = True

    def __init__(self, url: str, token: str, *, timeout: float, at_once: int) -> None:
        self.at_once = at_once
        self._longest = 2 * timeout
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout,
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
        )

    async def deliver(self, address: str, text: Text, key: str) -> Delivery:
        """Hand over. Before the request has left the answer is `not now`, after it `in doubt`."""
        try:
            async with asyncio.timeout(self._longest):  # httpx counts each read anew
                response = await self._client.post(
                    "/v1/messages",
                    json={"to": address, "text": text.body, "reference": key},
                    headers={"Idempotency-Key": key},
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            return Delivery(Answer.NOT_NOW, type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return Delivery(Answer.IN_DOUBT, type(error).__name__)
        return Delivery(_meaning(response.status_code), f"http_{response.status_code}")

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def _meaning(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer.ACCEPTED
    if status < 400 or status in _NOT_NOW:
        return Answer.NOT_NOW
    return Answer.NEVER if status < 500 else Answer.IN_DOUBT  # it may have failed after it took the message
