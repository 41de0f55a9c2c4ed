"""The scripted platform on a real broker, with real SMTP and HTTP clients for its messages."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib
import httpx

from lendstream.envelope import Record
from lendstream.runtime.closing import end_task
from lendstream.topics import CALENDAR, INTAKE, PAYMENT
from lendstream_simulator.follower import Follower
from lendstream_simulator.publisher import Publisher
from lendstream_simulator.sms import TOKEN
from unit.simulator.scripted import Scripted


@dataclass(frozen=True)
class Providers:
    """Where messages are handed over."""

    smtp_port: int
    sms_port: int

    async def deliver(self, key: str) -> None:
        """By mail; by text, where the mailbox does not exist. Once a key, however often it is asked to wait."""
        while True:
            try:
                await aiosmtplib.send(_mail(key), hostname="127.0.0.1", port=self.smtp_port, start_tls=False)
                return
            except aiosmtplib.SMTPResponseException as error:
                if error.code == 550:
                    break
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.sms_port}", timeout=60) as client:
            headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
            text = {"to": "+8610012345678", "text": key, "reference": key}
            while (await client.post("/v1/messages", json=text, headers=headers)).status_code != 202:
                pass


def _mail(key: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "service@lendstream.example"
    message["To"] = "customer@example.com"
    message["Message-ID"] = f"<{key.replace('/', '-')}@lendstream.example>"
    message["X-Message-Key"] = key
    message.set_content(key)
    return message


@asynccontextmanager
async def scripted_platform(bootstrap: str, partners: Iterable[str], providers: Providers) -> AsyncIterator[Scripted]:
    """Answers what is on the topics as long as it is entered."""
    platform = Scripted()
    answers: list[Record] = []
    publisher = Publisher(bootstrap, "scripted-platform")

    def see(records: list[Record]) -> None:
        for record in records:
            answers.extend(platform.answer(record))

    async def act() -> None:
        told, answers[:] = list(answers), []
        sending, platform.delivered[:] = list(platform.delivered), []
        for key, _ in sending:
            await providers.deliver(key)
        await publisher.publish(told)

    topics = {INTAKE.named(partner) for partner in partners} | {PAYMENT.name, CALENDAR.name}
    following = asyncio.create_task(Follower(bootstrap, topics, see, act).run())
    try:
        async with publisher:
            yield platform
    finally:
        await end_task(following)
