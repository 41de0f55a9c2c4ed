"""What messages say: one template a kind and language, with the blocks `sms`, `subject` and `mail`.

Templates are sandboxed, and a name that a template uses but nobody gave is an error, never an empty gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from lendstream.events.intake import Language
from lendstream.events.notification import Channel
from lendstream_notifications.domain.sending import HandOver

TEMPLATES = Path(__file__).parent / "templates"
_DATES = {Language.CHINESE: Locale.parse("zh_CN"), Language.ENGLISH: Locale.parse("en_GB")}
_MONEY = Locale.parse("zh_CN")
"""Writes the yuan as ¥1,280.50 in both languages; an English locale would say CN¥."""


@dataclass(frozen=True)
class Text:
    """A message as it is handed over; a text message has no subject."""

    body: str
    subject: str = ""

    def __repr__(self) -> str:
        return "Text(...)"


def money(minor_units: int, currency: str) -> str:
    """An amount for people: 128050 CNY is ¥1,280.50."""
    precision = get_currency_precision(currency)
    return format_currency(Decimal(minor_units).scaleb(-precision), currency, locale=_MONEY)


def day(value: date, language: Language) -> str:
    """A date for people: 2 April 2026, 2026年4月2日."""
    return format_date(value, format="long", locale=_DATES[language])


class Wording:
    """Renders messages. `lender` and `help_contact` appear in them: who writes, and whom to ask."""

    def __init__(self, lender: str, help_contact: str) -> None:
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._shared = {"lender": lender, "help": help_contact}

    def text(self, hand_over: HandOver) -> Text:
        """What the message says to this person. Raises jinja2's TemplateError when a template is at fault."""
        message, instalment = hand_over.message, hand_over.instalment
        facts: dict[str, Any] = {**self._shared, "name": " ".join(hand_over.recipient.name.split())}
        if instalment is not None:
            facts |= {
                "instalment": instalment.number,
                "instalments": hand_over.instalments,
                "amount": money(instalment.due, hand_over.currency),
                "due_date": day(instalment.due_date, hand_over.language),
                "collect_on": instalment.collect_on and day(instalment.collect_on, hand_over.language),
            }
        if (told := message.facts) is not None:
            facts |= {
                **{name: money(amount, hand_over.currency) for name, amount in told.amounts.items()},
                **{name: day(each, hand_over.language) for name, each in told.days.items()},
                **told.numbers,
                **told.words,
            }
        return self.render(message.kind, hand_over.language, message.channel, facts)

    def render(self, kind: str, language: Language, channel: Channel, facts: Mapping[str, Any]) -> Text:
        """The text of a kind, from given facts."""
        template = self._environment.get_template(f"{language.value}/{kind}.txt")
        context = template.new_context(dict(facts))

        def block(name: str) -> str:
            return "".join(template.blocks[name](context)).strip()

        if channel is Channel.SMS:
            return Text(" ".join(block("sms").split()))
        return Text(block("mail") + "\n", " ".join(block("subject").split()))
