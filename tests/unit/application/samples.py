"""A valid submission and what belongs to it, for tests to change."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from lendstream import catalogue
from lendstream.envelope import Record
from lendstream.events.decision import ApplicationDecided, CustomerPosition, Outcome, Segment, Terms
from lendstream.events.intake import ApplicationSubmitted, StatusReason
from lendstream.privacy import Vault
from lendstream.runtime.decider import Context
from lendstream_application.domain.model import Application, Desk
from lendstream_application.domain.submission import submit

PARTNER = "phone-shop"
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, 15, 31, tzinfo=UTC)
SECRET = b"an identity secret of 32 bytes.."
VAULT = Vault({"2026-01": bytes(range(32))}, "2026-01")
DESK = Desk(catalogue.load(), VAULT, SECRET, timedelta(seconds=30))
REASON = StatusReason(code="AFFORDABILITY", zh="收入不足", en="Income too low")


def content(reference: str = "SHOP-1", **changes: Any) -> dict[str, Any]:
    """A valid submission as JSON data; changes by path, as identity__mobile="..."."""
    data: dict[str, Any] = {
        "reference": reference,
        "product": "cash-small",
        "amount": 600_000,
        "currency": "CNY",
        "instalments": 6,
        "purpose": "a new phone",
        "identity": {
            "identity_type": "resident_id",
            "identity_number": "110101199003070017",
            "name": "王小明",
            "birth_date": "1990-03-07",
            "mobile": "+8613800138000",
            "email": "xiaoming@example.com",
        },
        "finances": {
            "employment_status": "employed",
            "employment_months": 36,
            "monthly_income": 1_200_000,
            "monthly_debt": 100_000,
        },
        "consents": {"data_processing": True, "reminders": True, "education": True},
        "language": "zh",
        "payout_account": "acct_8f2c",
        "disburse_on": None,
        "submitted_at": "2026-03-02T08:15:30Z",
    }
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        place[name] = value
    return data


def submission(reference: str = "SHOP-1", **changes: Any) -> ApplicationSubmitted:
    """A valid submission."""
    return ApplicationSubmitted.model_validate_json(json.dumps(content(reference, **changes)))


def context(**changes: Any) -> Context:
    """Morning of the business day, a record of the partner's."""
    values: dict[str, Any] = {
        "now": NOW,
        "business_date": TODAY,
        "event_id": "event-1",
        "event_time": NOW,
        "partner": PARTNER,
        "correlation_id": "story-1",
    }
    return Context(**{**values, **changes})


def received(reference: str = "SHOP-1", **changes: Any) -> Application:
    """An application just taken in."""
    return submit(DESK, None, submission(reference, **changes), context())[0]


def decision(application: Application, *, approved: bool = True, **terms: Any) -> ApplicationDecided:
    """Risk's decision on it; terms as asked for unless said."""
    asked = application.asked
    values: dict[str, Any] = {
        "product": asked.product,
        "product_version": 1,
        "amount": asked.amount,
        "currency": asked.currency,
        "instalments": asked.instalments,
        "annual_rate": Decimal("0.18"),
        "limit": 2_000_000,
    }
    return ApplicationDecided(
        application_id=application.application_id,
        customer_id=application.customer_id,
        decision_id=UUID(int=42),
        outcome=Outcome.APPROVED if approved else Outcome.DECLINED,
        reasons=() if approved else (REASON,),
        terms=Terms(**{**values, **terms}) if approved else None,
        segment=Segment.NEW_PRIME,
        policy_version=1,
        asked=asked,
        position=CustomerPosition(open_loans=0, exposure=0, instalments_due=0, loans_repaid=0, worst_days_past_due=0),
        as_of=TODAY,
        submitted_at=asked.submitted_at,
    )


def record(
    value: bytes | None, *, kind: str = "ApplicationSubmitted", key: str | None = "SHOP-1", partner: str = PARTNER
) -> Record:
    """A record on the partner's intake topic, with all headers."""
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid4()).encode()),
        ("ce_type", kind.encode()),
        ("ce_source", f"partner/{partner}".encode()),
        ("content-type", b"application/json"),
    )
    return Record(
        f"lending.intake.{partner}.v1", None if key is None else key.encode(), value, headers, 0, 7, datetime.now(UTC)
    )
