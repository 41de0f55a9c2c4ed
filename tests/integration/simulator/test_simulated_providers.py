"""The mail server and the SMS gateway, over SMTP and HTTP, with real clients."""

import asyncio
import signal
import sys
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from lendstream_simulator.gateways import Gateways
from lendstream_simulator.journal import MAIL, Journal, deliveries
from lendstream_simulator.mail import MailServer
from lendstream_simulator.sms import TOKEN, SmsServer
from lendstream_simulator.texts import Gateway
from support.processes import free_port
from support.waiting import until


def mail(key: str, to: str = "customer-1@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "service@lendstream.example"
    message["To"] = to
    message["Subject"] = "还款提醒"
    message["Message-ID"] = f"<{key.replace('/', '-')}@lendstream.example>"
    message["X-Message-Key"] = key
    message.set_content("您的第1期还款将于3天后到期。")
    return message


async def send(server: MailServer, key: str) -> int:
    """The server's answer, by its code."""
    try:
        await aiosmtplib.send(mail(key), hostname="127.0.0.1", port=server.port, start_tls=False)
    except aiosmtplib.SMTPResponseException as error:
        return error.code
    return 250


async def test_records_every_mail(tmp_path: Path) -> None:
    async with MailServer(tmp_path, temporary=0, permanent=0) as server:
        answers = await asyncio.gather(*(send(server, f"loan/{number}/due-3") for number in range(20)))
        assert set(answers) == {250}
        assert server.delivered == 20
    entries = {entry["key"]: entry for entry in Journal(tmp_path / MAIL).read()}
    assert entries["loan/7/due-3"]["id"] == "<loan-7-due-3@lendstream.example>"
    assert entries["loan/7/due-3"]["subject"] == "还款提醒"
    assert entries["loan/7/due-3"]["to"] == ["customer-1@example.com"]
    assert len(deliveries(tmp_path)) == 20


async def test_a_mail_that_comes_twice_is_delivered_twice(tmp_path: Path) -> None:
    """SMTP knows no keys: whoever sends twice is found out by the audit."""
    async with MailServer(tmp_path, temporary=0, permanent=0) as server:
        assert [await send(server, "k"), await send(server, "k")] == [250, 250]
    assert [each.key for each in deliveries(tmp_path)] == ["k", "k"]


async def test_defers_for_a_while_and_refuses_for_good(tmp_path: Path) -> None:
    async with MailServer(tmp_path / "deferred", temporary=1, permanent=0) as server:
        assert [await send(server, "k"), await send(server, "k")] == [451, 250]
    async with MailServer(tmp_path / "refused", permanent=1) as server:
        assert [await send(server, "k"), await send(server, "k")] == [550, 550]
    assert [each.key for each in deliveries(tmp_path / "deferred")] == ["k"]
    assert deliveries(tmp_path / "refused") == ()


async def test_trouble_is_by_seed_and_share(tmp_path: Path) -> None:
    async def results(folder: str) -> Counter[int]:
        async with MailServer(tmp_path / folder, seed=3, temporary=0.2, permanent=0.1) as server:
            return Counter([await send(server, f"key-{number}") for number in range(200)])

    first = await results("first")
    assert first == await results("second")
    assert set(first) == {250, 451, 550}


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async with MailServer(tmp_path, temporary=1, permanent=0) as server:
        assert await send(server, "k") == 451
    async with MailServer(tmp_path, temporary=1, permanent=0) as server:
        assert await send(server, "k") == 250
        assert server.delivered == 1


async def test_texts_over_http(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, unavailable=0, lost=0)
    message = {"to": "+8610012345678", "text": "hello", "reference": "loan/1/due-3"}
    async with SmsServer(gateway) as server, httpx.AsyncClient(base_url=server.url) as client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "loan/1/due-3"}
        answers = await asyncio.gather(*(client.post("/v1/messages", json=message, headers=headers) for _ in range(20)))
        assert {each.status_code for each in answers} == {202}
        assert len({each.text for each in answers}) == 1
    assert len(deliveries(tmp_path)) == 1


async def test_a_silent_gateway_lets_the_caller_give_up_and_ask_again(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, unavailable=0, lost=1, silence=600)
    message = {"to": "+8610012345678", "text": "hello", "reference": "r"}
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "r"}
    async with SmsServer(gateway) as server, httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/v1/messages", json=message, timeout=0.5)
        assert (await client.post("/v1/messages", json=message)).status_code == 202
    assert len(deliveries(tmp_path)) == 1


async def test_both_at_once_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        async with Gateways(tmp_path) as gateways:
            assert gateways.mail.port
            assert gateways.sms.port != gateways.mail.port
            port = gateways.mail.port
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_counts_what_another_process_delivered(tmp_path: Path) -> None:
    async with Gateways(tmp_path, elsewhere=True) as counting:
        assert counting.delivered == (0, 0)
        async with MailServer(tmp_path, temporary=0, permanent=0) as server:
            await send(server, "k")
        assert counting.delivered == (1, 0)


async def test_serve_runs_until_it_is_stopped(tmp_path: Path) -> None:
    smtp, sms = free_port(), free_port()
    options = ("--smtp-port", str(smtp), "--sms-port", str(sms), "--sms-token", "t", "--directory", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lendstream_simulator.main", "serve", *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sms}") as client:

            async def ready() -> bool:
                try:
                    return (await client.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(ready, "the gateway listens")
            await aiosmtplib.send(mail("k"), hostname="127.0.0.1", port=smtp, start_tls=False)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert [each["key"] for each in Journal(tmp_path / MAIL).read()] == ["k"]
