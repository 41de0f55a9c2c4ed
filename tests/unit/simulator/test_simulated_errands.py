"""Pay-off amounts and relief over HTTP, from a servicing that knows them and from one that does not."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from lendstream.envelope import Record, encode
from lendstream.events.base import Event
from lendstream.events.calendar import BusinessDayClosed, BusinessDayStarted
from lendstream.events.loan import (
    HardshipRequested,
    LoanDisbursed,
    LoanRescheduled,
    PaymentApplied,
    RescheduleReason,
)
from lendstream.events.payment import PaymentIntent, PaymentReceived
from lendstream_simulator.actor import opened
from lendstream_simulator.borrowers import Borrowers
from lendstream_simulator.desk import PLANS, Desk
from lendstream_simulator.errands import Errands, Operator
from lendstream_simulator.scripts import Habit
from unit.simulator.test_simulated_actors import DAY, DUE, TOTAL, loan_of

ILL = loan_of(Habit.FALLS_ILL)
PAYS_OFF = loan_of(Habit.PAYS_OFF)


def record(event: Event) -> Record:
    return encode(event, id=str(uuid4()), source="test", time=datetime.now(UTC))


class Lender:
    """Servicing's HTTP."""

    def __init__(self, status: int = 200, answer: object = None) -> None:
        self.status, self.answer = status, answer
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, json=self.answer)


class Outside:
    """Borrowers and an operator at a desk."""

    def __init__(self, lender: Lender) -> None:
        self.borrowers, self.operator = Borrowers(7), Operator()
        self.desk = Desk("http://servicing/", "secret-token", httpx.MockTransport(lender))
        self.errands = Errands(7, self.borrowers, self.operator, self.desk)

    def see(self, *events: Event) -> None:
        for each in map(record, events):
            self.borrowers.see(each, opened(each))
            self.operator.see(each, opened(each))

    async def paid(self) -> list[PaymentReceived]:
        told = [each.data for each in map(opened, await self.errands.run()) if each is not None]
        return [each for each in told if isinstance(each, PaymentReceived)]


def disbursed(loan_id: UUID) -> LoanDisbursed:
    return LoanDisbursed(
        loan_id=loan_id, customer_id=uuid4(), sequence=3, disbursement_id=uuid4(), amount=200_000, currency="CNY",
        disbursed_on=DAY, bank_reference="BK1", principal=200_000,
    )  # fmt: skip


def closed(day: date) -> BusinessDayClosed:
    return BusinessDayClosed(
        lender="lendstream", day=day, currency="CNY", open_loans=1, principal_outstanding=1, overdue_loans=0,
        overdue_amount=0,
    )  # fmt: skip


def first_paid(loan_id: UUID) -> PaymentApplied:
    return PaymentApplied.model_validate(
        {
            "loan_id": loan_id, "customer_id": uuid4(), "sequence": 4, "payment_id": "pay_1", "amount": TOTAL,
            "currency": "CNY", "value_date": DUE, "credit": 0, "principal_outstanding": 100_000,
            "total_outstanding": TOTAL,
            "allocations": ({"instalment": 1, "principal": 100_000, "interest": 5_000, "settled": True},),
        }
    )  # fmt: skip


async def test_pays_off_the_amount_that_the_lender_names() -> None:
    lender = Lender(answer={"amount": 100_777, "currency": "CNY"})
    outside, day = Outside(lender), DUE + timedelta(days=7)
    outside.see(PAYS_OFF, disbursed(PAYS_OFF.loan_id), first_paid(PAYS_OFF.loan_id), closed(day))
    (payment,) = await outside.paid()
    assert (payment.amount, payment.intent, payment.value_date) == (100_777, PaymentIntent.PAY_OFF, day)
    (request,) = lender.asked
    assert str(request.url) == f"http://servicing/v1/loans/{PAYS_OFF.loan_id}/payoff?on={day}"
    assert request.headers["Authorization"] == "Bearer secret-token"
    assert await outside.paid() == []


async def test_a_lender_without_the_route_is_asked_again_on_another_day() -> None:
    lender = Lender(status=404, answer={"detail": "Not Found"})
    outside, day = Outside(lender), DUE + timedelta(days=7)
    outside.see(PAYS_OFF, disbursed(PAYS_OFF.loan_id), first_paid(PAYS_OFF.loan_id), closed(day))
    assert await outside.paid() == []
    assert await outside.paid() == []
    outside.see(closed(day + timedelta(days=1)))
    assert await outside.paid() == []
    assert outside.desk.answers == {("payoff", "404"): 2}


async def test_asks_for_relief_and_waits_for_it() -> None:
    lender = Lender(answer={"token": "of-this-preview"})
    outside, day = Outside(lender), DAY + timedelta(days=35)
    outside.see(ILL, disbursed(ILL.loan_id))
    for number in range((day - DAY).days):
        outside.see(closed(DAY + timedelta(days=number)))
        await outside.errands.run()
        if lender.asked:
            break
    (request,) = lender.asked
    assert request.url.path == f"/v1/loans/{ILL.loan_id}/hardship"
    asked = json.loads(request.content)
    assert asked["circumstance"] in PLANS
    assert asked["detail"]
    assert request.headers["Idempotency-Key"]
    told = HardshipRequested(
        loan_id=ILL.loan_id, customer_id=ILL.customer_id, sequence=4, request_id=uuid4(),
        circumstance=asked["circumstance"], requested_on=DAY,
    )  # fmt: skip
    outside.see(BusinessDayStarted(lender="lendstream", day=day), told, closed(DUE + timedelta(days=1)))
    assert all(each.key != str(ILL.loan_id).encode() for each in outside.borrowers.due())
    await outside.errands.run()
    await outside.errands.run()
    _, previewed, granted = lender.asked
    plan = {"circumstance": asked["circumstance"], "plan": PLANS[asked["circumstance"]]}
    assert previewed.url.path == f"/v1/loans/{ILL.loan_id}/restructure-previews"
    assert json.loads(previewed.content) == plan
    assert granted.url.path == f"/v1/loans/{ILL.loan_id}/restructures"
    assert json.loads(granted.content).items() >= (plan | {"token": "of-this-preview"}).items()
    assert granted.headers["Idempotency-Key"].endswith("/of-this-preview")


async def test_relief_that_was_granted_is_not_granted_again() -> None:
    lender = Lender(status=503)
    outside = Outside(lender)
    asked = HardshipRequested(
        loan_id=ILL.loan_id, customer_id=ILL.customer_id, sequence=4, request_id=uuid4(), circumstance="illness",
        requested_on=DAY,
    )  # fmt: skip
    outside.see(BusinessDayStarted(lender="lendstream", day=DAY), asked)
    await outside.errands.run()
    outside.see(BusinessDayStarted(lender="lendstream", day=DAY + timedelta(days=1)))
    await outside.errands.run()
    assert outside.desk.answers == {("restructure-previews", "503"): 2}
    granted = LoanRescheduled(
        loan_id=ILL.loan_id, customer_id=ILL.customer_id, sequence=5, reason=RescheduleReason.RESTRUCTURE,
        effective_on=DAY, instalments=ILL.instalments, annual_rate=ILL.annual_rate, currency="CNY", engine="1",
        principal_outstanding=200_000, total_outstanding=210_000,
    )  # fmt: skip
    outside.see(granted, BusinessDayStarted(lender="lendstream", day=DAY + timedelta(days=2)))
    await outside.errands.run()
    assert len(lender.asked) == 2


async def test_a_servicing_that_is_away_stops_nobody() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    desk = Desk("http://servicing", transport=httpx.MockTransport(away))
    assert await desk.payoff(uuid4(), DAY) is None
    assert desk.answers == {("payoff", "ConnectError"): 1}
    assert desk.away


async def test_nobody_queues_at_an_empty_desk() -> None:
    """One call finds it out; the others would keep the outside world waiting."""
    asked: list[httpx.Request] = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    outside = Outside(Lender())
    outside.errands.desk = Desk("http://servicing", transport=httpx.MockTransport(away))
    requests = [
        HardshipRequested(
            loan_id=uuid4(), customer_id=uuid4(), sequence=4, request_id=uuid4(), circumstance="illness",
            requested_on=DAY,
        )
        for _ in range(5)
    ]  # fmt: skip
    outside.see(BusinessDayStarted(lender="lendstream", day=DAY), *requests)
    await outside.errands.run()
    assert len(asked) == 1
    outside.see(BusinessDayStarted(lender="lendstream", day=DAY + timedelta(days=1)))
    await outside.errands.run()
    assert len(asked) == 2


async def test_nonsense_is_no_amount() -> None:
    answers: list[object] = [{"amount": 0}, {"amount": "1000"}, [], {}]
    for answer in answers:
        desk = Desk("http://servicing", transport=httpx.MockTransport(Lender(answer=answer)))
        assert await desk.payoff(uuid4(), DAY) is None
