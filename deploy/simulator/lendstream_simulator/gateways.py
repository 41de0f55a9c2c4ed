"""The providers that carry messages to customers: the mail server and the SMS gateway, as one."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from lendstream_simulator.journal import deliveries
from lendstream_simulator.mail import MailServer
from lendstream_simulator.sms import TOKEN, SmsServer


class Gateways:
    """Both listen while entered. With `elsewhere` another process runs them on the same folder: only count."""

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 0,
        smtp_port: int = 0,
        sms_port: int = 0,
        sms_token: str = TOKEN,
        elsewhere: bool = False,
    ) -> None:
        self._directory = directory
        self._elsewhere = elsewhere
        self._open = AsyncExitStack()
        self.mail = MailServer(directory, seed=seed, port=smtp_port)
        self.sms = SmsServer.of(directory, seed=seed, port=sms_port, token=sms_token)

    @property
    def delivered(self) -> tuple[int, int]:
        """Mails and texts that reached somebody, over all runs on this folder."""
        if not self._elsewhere:
            return self.mail.delivered, self.sms.gateway.delivered
        channels = [each.channel for each in deliveries(self._directory)]
        return channels.count("mail"), channels.count("sms")

    async def __aenter__(self) -> Self:
        if not self._elsewhere:
            async with AsyncExitStack() as opening:
                await opening.enter_async_context(self.mail)
                await opening.enter_async_context(self.sms)
                self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
