"""The terms of a schedule as plain JSON data and back: its provenance, stored beside it."""

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from .schedule import Schedule
from .terms import Terms


def provenance(schedule: Schedule) -> dict[str, Any]:
    """What the schedule was made from and by: its terms (without what is at its default) and the engine version."""
    return {"engine": schedule.engine, "terms": _plain(schedule.terms)}


def terms_of(record: dict[str, Any]) -> Terms:
    """The terms a provenance holds. Raises TermsError, KeyError or ValueError if it is not one."""
    terms = _typed(Terms, record["terms"])
    if not isinstance(terms, Terms):
        raise ValueError("not the record of a schedule")
    return terms


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        stated = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
        defaults = {each.name: each.default for each in fields(value)}
        return {name: _plain(item) for name, item in stated.items() if item != defaults[name]}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum | Decimal) else value


def _typed(kind: Any, value: Any) -> Any:
    """The plain value as the type it was."""
    if get_origin(kind) is UnionType:
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    if get_origin(kind) is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _typed(hints[name], item) for name, item in value.items()})
    if kind is date:
        return date.fromisoformat(value)
    return kind(value) if issubclass(kind, StrEnum | Decimal) else value
