"""The ways out, against a real SMTP server and a real HTTP gateway: what each answer means."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP

from integration.notifications.providers import TOKEN, Gateway, MailBox, hang_up
from lendstream_local.home import free_ports
from lendstream_notifications.domain.sending import Answer, Delivery
from lendstream_notifications.transports.mail import MailServer
from lendstream_notifications.transports.sms import SmsGateway
from lendstream_notifications.wording import Text

ADDRESS = "xiaoming@example.com"
MOBILE = "+8613800138000"
TEXT = Text("王小明，您好：\n\n.第1期应还¥1,280.50。\n" + "长" * 400 + "\n", "第1期还款提醒")


@pytest.fixture
def mailbox() -> MailBox:
    return MailBox()


@pytest.fixture
async def mail(mailbox: MailBox) -> AsyncIterator[MailServer]:
    server = MailServer("127.0.0.1", mailbox.port, "Lendstream <service@lendstream.example>", timeout=2)
    yield server
    await server.close()


async def send(mail: MailServer, key: str = "loan/1/due", address: str = ADDRESS) -> Delivery:
    return await mail.deliver(address, TEXT, key)


async def test_a_mail_arrives_as_it_was_written(mailbox: MailBox, mail: MailServer) -> None:
    async with mailbox.listening():
        assert await send(mail) == Delivery(Answer.ACCEPTED)
    (got,) = mailbox.mails
    assert got["From"] == "Lendstream <service@lendstream.example>"
    assert got["To"] == ADDRESS
    assert got["Subject"] == TEXT.subject
    assert got["X-Message-Key"] == "loan/1/due"
    assert got["Message-ID"].endswith("@lendstream.example>")
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n") == TEXT.body
    assert mailbox.recipients == [ADDRESS]


async def test_the_message_id_follows_from_the_key(mail: MailServer) -> None:
    ids = [str(mail.message(ADDRESS, TEXT, key)["Message-ID"]) for key in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


async def test_one_connection_carries_many_mails(mailbox: MailBox, mail: MailServer) -> None:
    async with mailbox.listening():
        for number in range(5):
            assert (await send(mail, f"key-{number}")).answer is Answer.ACCEPTED
    assert mailbox.connections == 1
    assert mailbox.keys == [f"key-{number}" for number in range(5)]


async def test_a_connection_that_the_server_has_closed_is_opened_again(mailbox: MailBox, mail: MailServer) -> None:
    for number in range(2):
        async with mailbox.listening():
            assert (await send(mail, f"key-{number}")).answer is Answer.ACCEPTED
    assert mailbox.keys == ["key-0", "key-1"]


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        ("450 4.2.1 <xiaoming@example.com> is busy", Delivery(Answer.NOT_NOW, "smtp_450")),
        ("550 5.1.1 <xiaoming@example.com> is unknown", Delivery(Answer.NEVER, "smtp_550")),
        ("421 4.3.2 closing", Delivery(Answer.NOT_NOW, "smtp_421")),
    ],
)
@pytest.mark.parametrize("stage", ["recipient", "content"])
async def test_what_the_server_says_decides(
    reply: str, means: Delivery, stage: str, mailbox: MailBox, mail: MailServer
) -> None:
    async def refuse(_: EmailMessage, __: SMTP) -> str:
        return reply

    if stage == "recipient":
        mailbox.recipient = lambda _: reply
    else:
        mailbox.content = refuse
    async with mailbox.listening():
        assert await send(mail) == means  # the reason never repeats the server's words: they may name the address
        mailbox.recipient, mailbox.content = lambda _: None, None
        assert (await send(mail, "another")).answer is Answer.ACCEPTED


async def test_a_server_that_is_away_is_not_now(mail: MailServer) -> None:
    assert await send(mail) == Delivery(Answer.NOT_NOW, "SMTPConnectError")


async def test_a_connection_lost_before_the_content_is_not_now(mailbox: MailBox, mail: MailServer) -> None:
    async with mailbox.listening():
        mailbox.recipient = lambda _: "421 going away"
        assert (await send(mail)).answer is Answer.NOT_NOW
    assert mailbox.mails == []


async def test_a_connection_lost_after_the_content_is_in_doubt(mailbox: MailBox, mail: MailServer) -> None:
    async def cut(_: EmailMessage, server: SMTP) -> None:
        hang_up(server)

    mailbox.content = cut
    async with mailbox.listening():
        assert (await send(mail)).answer is Answer.IN_DOUBT
        mailbox.content = None
        assert (await send(mail, "another")).answer is Answer.ACCEPTED


async def test_an_answer_to_the_content_that_never_comes_is_in_doubt(mailbox: MailBox) -> None:
    async def silent(_: EmailMessage, __: SMTP) -> None:
        await asyncio.sleep(60)

    mailbox.content = silent
    mail = MailServer("127.0.0.1", mailbox.port, "service@lendstream.example", timeout=0.3)
    async with mailbox.listening():
        assert (await send(mail)).answer is Answer.IN_DOUBT
        await mail.close()


@pytest.mark.parametrize("address", ["小明@example.com", "a@b.c\r\nRCPT TO:<x@y.z>", "a b@example.com", "nobody"])
async def test_an_address_that_is_none_is_never_tried(address: str, mailbox: MailBox, mail: MailServer) -> None:
    async with mailbox.listening():
        assert await send(mail, address=address) == Delivery(Answer.NEVER, "address_not_usable")
    assert mailbox.connections == 0


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def sms(gateway: Gateway) -> AsyncIterator[SmsGateway]:
    client = SmsGateway(gateway.url, TOKEN, timeout=2, at_once=4)
    yield client
    await client.close()


async def test_a_text_is_delivered_once_a_key(gateway: Gateway, sms: SmsGateway) -> None:
    async with gateway.listening():
        for _ in range(3):
            assert (await sms.deliver(MOBILE, Text("您好"), "loan/1/due+1")).answer is Answer.ACCEPTED
    assert gateway.delivered == {"loan/1/due+1": {"to": MOBILE, "text": "您好", "reference": "loan/1/due+1"}}
    assert gateway.requests["loan/1/due+1"] == 3


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (400, Answer.NEVER),
        (422, Answer.NEVER),
        (401, Answer.NOT_NOW),
        (404, Answer.NOT_NOW),
        (409, Answer.NOT_NOW),
        (429, Answer.NOT_NOW),
        (302, Answer.NOT_NOW),
        (503, Answer.NOT_NOW),
        (500, Answer.IN_DOUBT),
        (504, Answer.IN_DOUBT),
    ],
)
async def test_what_the_gateway_says_decides(status: int, means: Answer, gateway: Gateway, sms: SmsGateway) -> None:
    gateway.answer = lambda _: status
    async with gateway.listening():
        assert await sms.deliver(MOBILE, Text("您好"), "key") == Delivery(means, f"http_{status}")


async def test_a_gateway_that_is_away_is_not_now() -> None:
    client = SmsGateway(f"http://127.0.0.1:{free_ports(1)[0]}", TOKEN, timeout=2, at_once=1)
    assert await client.deliver(MOBILE, Text("您好"), "key") == Delivery(Answer.NOT_NOW, "ConnectError")
    await client.close()


async def test_an_answer_of_the_gateway_that_never_comes_is_in_doubt(gateway: Gateway) -> None:
    async def silent(_: str) -> None:
        await asyncio.sleep(60)

    gateway.after = silent
    client = SmsGateway(gateway.url, TOKEN, timeout=0.3, at_once=1)
    async with gateway.listening():
        assert await client.deliver(MOBILE, Text("您好"), "key") == Delivery(Answer.IN_DOUBT, "ReadTimeout")
        await client.close()
