"""What customers choose, through the service as a process, on a real Kafka and a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integration.application.story import (
    asked,
    decision_on,
    event_record,
    open_day,
    publish,
    rejections,
    results,
    submitted,
    wait_for,
)
from lendstream.catalogue import load
from lendstream.envelope import Record
from lendstream.events import application as lending
from lendstream.events import intake
from lendstream.events.application import ApplicationReady
from lendstream.events.decision import Terms
from lendstream.events.intake import OfferMade
from lendstream.topics import APPLICATION
from support.processes import Process

Start = Callable[..., Process]
STUDY: dict[str, Any] = {"product": "education-study", "amount": 1_000_000, "instalments": 24}
TRANCHES = [{"on": "2026-09-01", "amount": 400_000}]


def approval(question: ApplicationReady, rate: str) -> Record:
    """Risk approves what was asked for, at a rate."""
    terms = Terms(
        product=question.product,
        product_version=1,
        amount=question.amount,
        currency=question.currency,
        instalments=question.instalments,
        annual_rate=Decimal(rate),
        limit=5_000_000,
        options=question.options,
    )
    return event_record(decision_on(question).model_copy(update={"terms": terms}))


async def test_options_and_accounts_reach_the_loan(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    options = {"tranches": TRANCHES, "order_reference": "TERM-1", "due_day": 5}
    await publish(kafka_bootstrap, submitted("S-1", **STUDY, options=options, debit_account="acct_mine"))
    (question,) = await asked(kafka_bootstrap)
    assert question.options
    assert question.options.tranches[0].on == date(2026, 9, 1)
    await publish(kafka_bootstrap, approval(question, "0.06"))
    (offer,) = await wait_for(kafka_bootstrap, results(), OfferMade)
    expected = (
        load()
        .product("education-study")
        .schedule_for(1_000_000, 24, Decimal("0.06"), date(2026, 3, 2), question.options)
    )
    assert [(row.due_date, row.total) for row in offer.instalments] == [
        (row.due_date, row.total) for row in expected.instalments
    ]
    assert offer.no_other_charges
    acceptance = intake.OfferAccepted(reference="S-1", offer_id=offer.offer_id, accepted_at=datetime.now(UTC))
    await publish(kafka_bootstrap, event_record(acceptance, "phone-shop"))
    (told,) = await wait_for(kafka_bootstrap, APPLICATION.name, lending.OfferAccepted)
    assert (told.options, told.debit_account) == (question.options, "acct_mine")


async def test_wrong_options_are_answered_with_their_paths(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await open_day(service, kafka_bootstrap)
    wrong: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
        "W-1": ({"options": {"due_day": 32}}, {("options.due_day", "less_than_equal")}),
        "W-2": (
            {"options": {"income": 1, "coupon": "NOWHERE"}, "amount": 600_001},
            {
                ("options.income", "option_not_offered"),
                ("options.coupon", "unknown_coupon"),
                ("amount", "amount_off_step"),
            },
        ),
        "W-3": (STUDY, {("options.order_reference", "order_missing")}),
        "W-4": (
            {**STUDY, "options": {"order_reference": "T", "tranches": [{"on": "2026-03-02", "amount": 2_000_000}]}},
            {("options.tranches", "tranches_too_large"), ("options.tranches.0.on", "tranche_too_early")},
        ),
        "W-5": ({"product": "scenario-card"}, {("product", "not_through_you")}),
    }
    await publish(kafka_bootstrap, *(submitted(key, **changes) for key, (changes, _) in wrong.items()))
    told = {answer.reference: answer for answer in await rejections(kafka_bootstrap, len(wrong))}
    for reference, (_, findings) in wrong.items():
        assert {(reason.field, reason.code) for reason in told[reference].reasons} == findings, reference
        assert all(reason.message and reason.fix for reason in told[reference].reasons)
