"""The rules that are data (`rules.yaml`): which messages there are, when, by which channel, under which consent."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lendstream.events.notification import Channel

Article = Literal["first_loan", "first_missed"]
Notice = Literal["late_fee", "relief", "bounced", "refund", "closed", "hardship"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Kind(_Part):
    """A kind of message: its name is that of its templates."""

    consent: Literal["reminders", "education"]
    """The consent it needs, as in the customer's profile."""
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=2)]
    """The channels it may take, the preferred one first."""


class ReminderRule(_Part):
    """A reminder about every instalment of every loan."""

    days: Annotated[int, Field(ge=-60, le=60)]
    """The day it goes out, counted from the due date."""
    kind: str
    """The kind of message."""

    @property
    def name(self) -> str:
        """Its name in message keys: due-3, due, due+1."""
        return f"due{self.days:+d}" if self.days else "due"


class Rules(_Part):
    """All of them."""

    kinds: dict[str, Kind]
    """Every kind of message, by name."""
    reminders: tuple[ReminderRule, ...]
    """The reminders about an instalment."""
    articles: dict[Article, str]
    """The kind of article for the first loan paid out, and for the first instalment missed; once a customer."""
    notices: dict[Notice, str]
    """The kind of message about something that happened to a loan; what is left out is not told."""
    late_days: Annotated[int, Field(ge=0, le=30)]
    """A reminder is worth a first try up to so many days after its day."""
    notice_days: Annotated[int, Field(ge=0, le=60)]
    """What happened is worth telling up to so many days after its day."""
    contact_days: Annotated[int, Field(ge=0, le=30)]
    """A message waits so many days for a customer's profile and key to arrive."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({rule.days for rule in self.reminders}) < len(self.reminders):
            raise ValueError("two reminders on one day")
        named = {rule.kind for rule in self.reminders} | {*self.articles.values(), *self.notices.values()}
        if unknown := named - set(self.kinds):
            raise ValueError(f"no such kind: {', '.join(sorted(unknown))}")
        return self

    def other_channel(self, kind: str, channel: Channel) -> Channel | None:
        """The channel to fall back to, if the kind has another."""
        found = self.kinds.get(kind)
        return next((each for each in found.channels if each is not channel), None) if found else None
