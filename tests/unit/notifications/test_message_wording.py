"""Every kind says something fit to be read, in both languages and on both channels."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from jinja2 import UndefinedError

from lendstream.events.intake import Language
from lendstream.events.loan import ClosingReason
from lendstream.events.notification import Channel
from lendstream_notifications import rules, wording
from lendstream_notifications.domain.message import Facts, Message
from lendstream_notifications.domain.plan import Instalment
from lendstream_notifications.domain.sending import HandOver, Recipient
from lendstream_notifications.wording import Text, Wording, day, money

RULES = rules.load()
CUSTOMER = UUID("0c6d8a61-93b0-5a86-8b65-61d0a1a1b0c1")
HELP = "400-820-8820, service@lendstream.example"
WORDING = Wording("Lendstream Consumer", HELP)
SEGMENTS = {Language.CHINESE: 2 * 67, Language.ENGLISH: 2 * 153}
"""Characters in two segments of a concatenated text: UCS-2 and GSM 7 bit."""
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
THREATS = {
    Language.CHINESE: (
        "起诉",
        "法院",
        "律师",
        "征信记录",
        "黑名单",
        "上门",
        "亲友",
        "后果",
        "立即",
        "否则",
        "催收",
        "警告",
    ),
    Language.ENGLISH: (
        "court",
        "lawyer",
        "legal action",
        "credit bureau",
        "blacklist",
        "immediately",
        "consequence",
        "warning",
        "family",
        "employer",
    ),
}
HAPPENED = Facts(
    amounts={"amount": 128_050, "old_amount": 256_100},
    days=dict.fromkeys(("due_date", "old_last", "last", "value_date", "closed_on", "requested_on"), date(2026, 9, 22)),
    numbers={"instalment": 12, "left": 24},
    words={"reason": "repaid"},
)
"""What the messages about a loan tell, together."""
NOTICES = set(RULES.notices.values())
ALL = [(kind, language, channel) for kind in RULES.kinds for language in Language for channel in Channel]
REMINDERS = [each for each in ALL if each[0].startswith("reminder")]


def hand_over(kind: str, language: Language, channel: Channel, name: str = "王小明") -> HandOver:
    now = datetime(2026, 4, 2, tzinfo=UTC)
    message = Message(
        facts=HAPPENED if kind in NOTICES else None,
        key="key",
        customer_id=CUSTOMER,
        kind=kind,
        planned_for=date(2026, 4, 2),
        queued_on=date(2026, 4, 2),
        channel=channel,
        created_at=now,
        next_attempt_at=now,
    )
    instalment = Instalment(12, date(2026, 9, 22), 128_050) if kind.startswith("reminder") else None
    return HandOver(message, Recipient(name, None, None), "x", language, instalment, 24, "CNY")


def text(kind: str, language: Language, channel: Channel) -> Text:
    return WORDING.text(hand_over(kind, language, channel))


@pytest.mark.parametrize(("kind", "language", "channel"), ALL)
def test_every_kind_reads_well(kind: str, language: Language, channel: Channel) -> None:
    found = text(kind, language, channel)
    assert found.body.strip()
    assert not re.search(r"[{}]|None|  |\n\n\n", found.body)
    assert HELP in found.body
    assert "Lendstream Consumer" in found.body
    assert (found.subject == "") is (channel is Channel.SMS)
    for word in THREATS[language]:
        assert word not in found.body.lower()


@pytest.mark.parametrize(("kind", "language", "channel"), REMINDERS)
def test_a_reminder_says_which_instalment_how_much_and_when(kind: str, language: Language, channel: Channel) -> None:
    body = text(kind, language, channel).body
    assert "¥1,280.50" in body
    assert ("2026年9月22日" if language is Language.CHINESE else "22 September 2026") in body
    assert re.search(r"12\s*(/|期|of)", body)
    assert "24" in body


@pytest.mark.parametrize(("kind", "language", "channel"), ALL)
def test_each_language_is_its_own(kind: str, language: Language, channel: Channel) -> None:
    found = text(kind, language, channel)
    chinese = re.findall(r"[\u4e00-\u9fff]", (found.body + found.subject).replace("王小明", ""))
    assert bool(chinese) is (language is Language.CHINESE)


@pytest.mark.parametrize(("kind", "language"), sorted({each[:2] for each in ALL}))
def test_a_text_is_one_line_of_at_most_two_segments_and_names_nobody(kind: str, language: Language) -> None:
    body = text(kind, language, Channel.SMS).body
    assert len(body) <= SEGMENTS[language]
    assert "\n" not in body
    assert "王小明" not in body  # a text shows on a locked screen
    if language is Language.ENGLISH:
        assert set(body) <= GSM


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("credit", [{}, {"credit": 500}])
def test_a_closing_has_its_own_words_for_each_reason(
    channel: Channel, language: Language, credit: dict[str, int]
) -> None:
    over = hand_over("loan_closed", language, channel)
    bodies = set()
    for reason in ClosingReason:
        facts = replace(HAPPENED, amounts=credit, words={"reason": reason.value})
        body = WORDING.text(replace(over, message=replace(over.message, facts=facts))).body
        assert ("¥5.00" in body) is bool(credit)
        assert not re.search(r"[{}]|None|  |\n\n\n", body)
        if channel is Channel.SMS:
            assert len(body) <= SEGMENTS[language]
            assert language is Language.ENGLISH or " " not in body.replace(HELP, "").replace("Lendstream Consumer", "")
        bodies.add(body)
    assert len(bodies) == len(ClosingReason)


@pytest.mark.parametrize(("kind", "language", "channel"), [each for each in ALL if each[0] in NOTICES])
def test_a_message_about_what_happened_tells_how_much(kind: str, language: Language, channel: Channel) -> None:
    body = text(kind, language, channel).body
    assert ("¥1,280.50" in body) is (kind not in ("loan_closed", "hardship_received"))
    if kind == "relief_agreed":
        assert "¥2,561.00" in body
        assert "24" in body
    if kind == "hardship_received":
        assert ("不收任何费用" if language is Language.CHINESE else "costs nothing") in body


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", list(Language))
def test_the_reminder_of_the_day_says_that_the_money_will_be_collected(language: Language, channel: Channel) -> None:
    over = hand_over("reminder_due", language, channel)
    assert over.instalment
    collected = replace(over, instalment=replace(over.instalment, collect_on=date(2026, 9, 23)))
    word = "自动扣款" if language is Language.CHINESE else "collect it from your account"
    day_of_it = "2026年9月23日" if language is Language.CHINESE else "23 September 2026"
    assert word not in WORDING.text(over).body
    body = WORDING.text(collected).body
    assert word in body
    assert day_of_it in body
    assert not re.search(r"[{}]|None|  |\n\n\n", body)
    assert channel is Channel.MAIL or len(body) <= SEGMENTS[language]


@pytest.mark.parametrize("kind", ["article_first_loan", "article_first_missed"])
@pytest.mark.parametrize("language", list(Language))
def test_an_article_is_a_few_short_paragraphs(kind: str, language: Language) -> None:
    paragraphs = text(kind, language, Channel.MAIL).body.strip().split("\n\n")
    assert 6 <= len(paragraphs) <= 12
    assert max(map(len, paragraphs)) < (250 if language is Language.CHINESE else 700)


def test_what_customers_write_is_never_a_template_nor_a_second_line() -> None:
    over = hand_over("reminder_due", Language.ENGLISH, Channel.MAIL, name="{{ 7*7 }}\r\nBcc: x@example.com")
    found = WORDING.text(over)
    assert "{{ 7*7 }} Bcc: x@example.com" in found.body
    assert "49" not in found.body


def test_a_fact_that_is_missing_is_an_error_not_a_gap() -> None:
    over = replace(hand_over("reminder_due", Language.ENGLISH, Channel.SMS), instalment=None)
    with pytest.raises(UndefinedError):
        WORDING.text(over)


def test_each_language_has_exactly_the_templates_of_the_rules() -> None:
    for language in Language:
        folder = Path(wording.TEMPLATES) / language.value
        assert {file.stem for file in folder.glob("[!_]*.txt")} == set(RULES.kinds)


@pytest.mark.parametrize(
    ("minor_units", "currency", "shown"),
    [
        (128_050, "CNY", "¥1,280.50"),
        (5, "CNY", "¥0.05"),
        (100_000_000_01, "CNY", "¥100,000,000.01"),
        (500, "JPY", "JP¥500"),
    ],
)
def test_money_for_people(minor_units: int, currency: str, shown: str) -> None:
    assert money(minor_units, currency) == shown


def test_dates_for_people() -> None:
    assert day(date(2026, 4, 2), Language.CHINESE) == "2026年4月2日"
    assert day(date(2026, 4, 2), Language.ENGLISH) == "2 April 2026"
