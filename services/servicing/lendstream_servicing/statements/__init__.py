"""A statement as a page: one file of HTML that needs nothing from elsewhere, to read on a screen or print on A4."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lendstream.catalogue.fields import Name
from lendstream_servicing.domain.loan import Loan
from lendstream_servicing.domain.statement import Line, Sort, Statement
from lendstream_servicing.statements.words import WORDS

Language = Literal["zh", "en"]
_PUBLIC = frozenset({Sort.PAYMENT, Sort.REVERSAL, Sort.REFUND})
"""The lines whose reference is the customer's too."""
_LOCALES = {"zh": "zh_CN", "en": "en_GB"}
_TEMPLATES = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(loan: Loan, statement: Statement, today: date, product: Name, language: Language) -> str:
    """The page. What operators wrote stays inside: of references, only those that the customer knows are shown."""
    locale, words, currency = _LOCALES[language], WORDS[language], loan.contract.currency

    def money(amount: int) -> str:
        places = get_currency_precision(currency)
        pattern = "#,##0." + "0" * places if places else "#,##0"
        text: str = format_decimal(Decimal(abs(amount)).scaleb(-places), pattern, locale=locale)
        return f"\N{MINUS SIGN}{text}" if amount < 0 else text

    def day(on: date | None) -> str:
        return format_date(on, "yyyy年M月d日" if language == "zh" else "d MMM yyyy", locale=locale) if on else "–"

    return _TEMPLATES.get_template("statement.html.j2").render(
        loan=loan,
        contract=loan.contract,
        statement=statement,
        today=today,
        product=getattr(product, language),
        public=_PUBLIC,
        words=words,
        language="zh-CN" if language == "zh" else "en",
        money=money,
        day=day,
        rate=f"{(loan.annual_rate * 100).normalize():f}%",
        told=lambda line: _told(line, words),
        split=lambda line: [
            f"{name} {money(amount)}" for part, name in words["parts"].items() if (amount := getattr(line, part))
        ],
        charged=[(words["sorts"][sort], amount) for sort, amount in statement.charged.items() if amount],
    )


def _told(line: Line, words: dict[str, Any]) -> str:
    text: str = words["sorts"][line.sort]
    return text + words["of_instalment"].format(line.instalment) if line.instalment is not None else text
