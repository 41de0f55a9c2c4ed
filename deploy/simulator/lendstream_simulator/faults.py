"""What partners get wrong: each fault turns the record of a good application into one that must be rejected."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from lendstream.envelope import Record

Fault = Callable[[Record], Record]
ONE_MEGABYTE = 1_000_000


def _changed(record: Record, change: Callable[[dict[str, Any]], object]) -> Record:
    data: dict[str, Any] = json.loads(record.value or b"{}")
    change(data)
    return replace(record, value=json.dumps(data, ensure_ascii=False).encode())


def _with(**fields: object) -> Fault:
    return lambda record: _changed(record, lambda data: data.update(fields))


def _without(*fields: str) -> Fault:
    return lambda record: _changed(record, lambda data: [data.pop(field) for field in fields])


def _header(name: str, value: bytes | None) -> Fault:
    def changed(record: Record) -> Record:
        others = tuple(header for header in record.headers if header[0] != name)
        return replace(record, headers=others if value is None else (*others, (name, value)))

    return changed


def _refused_consent(record: Record) -> Record:
    return _changed(record, lambda data: data["consents"].update(data_processing=False))


def _bare_mobile(record: Record) -> Record:
    return _changed(record, lambda data: data["identity"].update(mobile="138 0013 8000", birth_date="7 March 1990"))


FAULTS: dict[str, Fault] = {
    "not JSON": lambda record: replace(record, value=b'{"reference": "cut in the mid'),
    "not UTF-8": lambda record: replace(record, value=b'{"reference": "\xff\xfe"}'),
    "an array": lambda record: replace(record, value=b"[1, 2, 3]"),
    "amount as text": _with(amount="12000.00"),
    "amount as a fraction": _with(amount=12000.5),
    "negative amount": _with(amount=-500_000),
    "absurd amount": _with(amount=10**15),
    "unknown product": _with(product="gold-bars"),
    "tenor not on offer": _with(instalments=7),
    "wrong currency": _with(currency="USD"),
    "a day in the past": _with(disburse_on=date(2001, 2, 3).isoformat()),
    "fields missing": _without("identity", "finances", "currency"),
    "nulls": _with(amount=None, identity=None, consents=None),
    "mobile and birth date unreadable": _bare_mobile,
    "no consent": _refused_consent,
    "a megabyte of text": _with(purpose="长" * (ONE_MEGABYTE // 3)),
    "unknown type": _header("ce_type", b"ApplicationImagined"),
    "no type": _header("ce_type", None),
    "no id": _header("ce_id", None),
    "no headers": lambda record: replace(record, headers=()),
    "another key": lambda record: replace(record, key=b"somebody-elses-key"),
    "no key": lambda record: replace(record, key=None),
    "no value": lambda record: replace(record, value=None),
}
