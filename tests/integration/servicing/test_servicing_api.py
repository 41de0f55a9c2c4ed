"""Servicing's API on the real stack: who may do what, what it does, and that the books say the same."""

import asyncio
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from integration.servicing.desk import ADMIN, OPERATOR, READER, Api
from integration.servicing.test_servicing_service import closed_days, day, publish, story
from lendstream.events.loan import AmountWaived, HardshipRequested, LoanRescheduled, PaymentApplied
from lendstream.events.payment import PaymentIntent
from lendstream_servicing.domain.loan import loan_id_of
from lendstream_servicing.openapi import openapi
from support.processes import Process
from support.tokens import BY_SCOPE, bearer
from support.waiting import until
from unit.servicing import loans

Start = Callable[..., Process]


def codes(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json().get("errors", [])
    assert all(each["fix"] and each["message"] for each in found)
    return [each["code"] for each in found]


async def lent(bootstrap: str, application: UUID = loans.APPLICATION) -> str:
    """A loan that is paid out."""
    loan = loan_id_of(application)
    await publish(bootstrap, loans.acceptance(application_id=application), loans.approval(application_id=application))
    await story(bootstrap, 2, loan)
    await publish(bootstrap, loans.confirmation(loan))
    await story(bootstrap, 3, loan)
    return str(loan)


async def begun(bootstrap: str, on: date, number: int) -> None:
    """A business day, begun and closed; the number of days closed until then."""
    await publish(bootstrap, day(on))
    await closed_days(bootstrap, number)


async def test_who_may_do_what(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        described = (await client.get("/openapi.json")).json()
        for path, method in (
            (path.replace("{loan_id}", str(uuid4())).replace("{day}", "2026-03-02"), method)
            for path, methods in described["paths"].items()
            for method in methods
        ):
            url = path.replace("{restructure_id}", str(uuid4())).replace("{payment_id}", "p").replace("{part}", "1")
            if not path.startswith("/v1"):
                assert (await client.request(method, url)).status_code in (200, 503)
                continue
            for wrong in ({}, bearer("nobody"), {"Authorization": "Basic x"}, {b"Authorization": "Bearer öö".encode()}):
                answer = await client.request(method, url, headers=wrong)
                assert (answer.status_code, codes(answer)) == (401, ["unknown_token"]), url
                assert answer.headers["www-authenticate"].startswith("Bearer")
            looks = method == "get" or "preview" in path
            least = 0 if looks else 1
            if path.endswith("verify"):
                least = 1
            if path.endswith("charge-off"):
                least = 2
            for rank, token in enumerate(BY_SCOPE.values()):
                answer = await client.request(method, url, headers=bearer(token))
                assert (answer.status_code == 403) == (rank < least), (method, url, rank, answer.text)
                if rank < least:
                    assert codes(answer) == ["scope_missing"]


async def test_without_tokens_the_api_says_which_variable_to_set(start: Start) -> None:
    service = await start(LENDSTREAM_API_TOKENS="{}").started()
    answer = service.get(f"/v1/loans/{uuid4()}")
    assert (answer.status_code, codes(answer)) == (503, ["no_tokens"])
    assert "LENDSTREAM_API_TOKENS" in answer.json()["errors"][0]["fix"]
    assert service.get("/health/live").status_code == service.get("/metrics").status_code == 200


async def test_what_is_asked_wrongly_is_explained(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    await publish(kafka_bootstrap, loans.approval())
    api = Api(service.url)
    for path, status, field in (
        (f"/loans/{uuid4()}", 404, "loan_id"),
        (f"/loans/{uuid4()}/payoff", 404, "loan_id"),
        ("/days/2026-03-02", 404, "day"),
        ("/days/tomorrow", 422, "path.day"),
        ("/loans/42", 422, "path.loan_id"),
        ("/loans", 422, "query.customer_id"),
        (f"/loans?customer_id={uuid4()}&cursor=zz", 422, "query.cursor"),
        ("/suspense?cursor=-1", 422, "query.cursor"),
        ("/suspense?limit=0", 422, "query.limit"),
        ("/ledger/journals?cursor=AAAA", 422, "query.cursor"),
    ):
        answer = await api.client.get(f"/v1{path}", headers=bearer(READER))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert error["fix"]

    async def waiting() -> dict[str, Any]:
        answer = await api.get(f"/loans/{loans.LOAN}")
        return answer.json() if answer.status_code == 200 else {}

    shown = await until(waiting, "the half that arrived is shown")
    assert shown == {"loan_id": str(loans.LOAN), "status": "awaiting", "waiting_for": ["OfferAccepted"]}
    assert codes(await api.get(f"/loans/{loans.LOAN}/payoff")) == ["not_open"]
    waiver = {"parts": ["penalty"], "up_to": 1, "reason": "kind"}
    assert codes(await api.post(f"/loans/{loans.LOAN}/waivers", waiver)) == ["unknown_loan"]
    assert codes(await api.post(f"/loans/{uuid4()}/waivers", waiver | {"up_too": 1})) == ["extra_forbidden"]


async def test_relief_from_the_request_to_its_end_and_the_quote_that_closes_the_loan(
    kafka_bootstrap: str, start: Start
) -> None:
    service = await start().started()
    api = Api(service.url)
    await begun(kafka_bootstrap, loans.TODAY, 1)
    loan = await lent(kafka_bootstrap)
    first = loans.active().instalments[0].due_date
    today = first + timedelta(days=40)
    await begun(kafka_bootstrap, today, 2)
    await story(kafka_bootstrap, 7)

    shown_day = await api.read(f"/days/{today}")
    assert (shown_day["status"], shown_day["loans_to_age"], shown_day["set_aside"]) == ("closed", 0, 0)
    assert [each["bucket"] for each in shown_day["totals"][0]["buckets"] if each["loans"]] == ["M2"]
    request = await api.done(f"/loans/{loan}/hardship", {"circumstance": "illness", "detail": "in hospital"})
    plans = await api.read(f"/loans/{loan}/restructure-plans", circumstance="illness")
    assert plans["evidence"]["en"]
    assert plans["plans"][-1]["plan"]["arrears"] == "capitalise"
    body: dict[str, Any] = {"circumstance": "illness", "plan": {"extra_instalments": 6, "arrears": "capitalise"}}
    preview = (await api.post(f"/loans/{loan}/restructure-previews", body, READER)).json()
    assert preview["extra_cost"] == preview["after"]["to_pay"] - preview["before"]["to_pay"]
    agreed = body | {"token": preview["token"], "evidence": "D-17", "reason": "agreed on the phone"}
    wrong = body | {"plan": {"holiday": 99}} | {"token": "x", "evidence": "D-17", "reason": "agreed"}
    assert codes(await api.post(f"/loans/{loan}/restructures", wrong)) == ["less_than_equal"]
    assert codes(await api.post(f"/loans/{loan}/restructures", agreed | {"token": "x"})) == ["stale_preview"]
    given = await asyncio.gather(*(api.post(f"/loans/{loan}/restructures", agreed, key="once") for _ in range(3)))
    assert {each.status_code for each in given} <= {200, 409}
    done = [each.json() for each in given if each.status_code == 200]
    again = await api.done(f"/loans/{loan}/restructures", agreed, key="once")
    assert done
    assert all(each == again for each in done)
    restructure = again["result_id"]
    assert codes(await api.post(f"/loans/{loan}/restructures", body | {"token": "y"}, key="once")) == ["missing"]
    shown = await api.read(f"/loans/{loan}")
    assert [row["principal"] for row in shown["schedule"]] == [
        row["principal"] for row in preview["after"]["instalments"]
    ]
    assert shown["entries"][-1]["reason"].startswith("the-operator: agreed on the phone")
    assert codes(await api.post(f"/loans/{loan}/restructures", agreed)) == ["stale_preview"]

    await api.done(f"/loans/{loan}/restructures/{restructure}/undo", {"reason": "the customer changed his mind"})
    back = await api.read(f"/loans/{loan}/schedule")
    assert [row["principal"] for row in back["instalments"]] == [row["principal"] for row in back["original"]]

    waiver = await api.done(
        f"/loans/{loan}/waivers", {"parts": ["penalty"], "up_to": 1_000, "reason": "as a courtesy"}, key="w"
    )
    ahead = {"amount": 450_000, "intent": "lower_instalment"}
    saved = (await api.post(f"/loans/{loan}/prepayment-preview", ahead, READER)).json()
    assert saved["interest_saved"] > 0
    quote = await api.read(f"/loans/{loan}/payoff", on=str(today))
    assert quote["amount"] == sum(quote["parts"].values())
    assert (quote["on"], quote["valid_through"]) == (str(today), str(today))
    for on, code in ((today - timedelta(days=1), "day_out_of_reach"), (today + timedelta(days=61), "day_out_of_reach")):
        assert codes(await api.get(f"/loans/{loan}/payoff", on=str(on))) == [code]
    paid = loans.payment(quote["amount"], "all", value_date=today, intent=PaymentIntent.PAY_OFF)
    await publish(kafka_bootstrap, paid)

    async def closed() -> bool:
        return bool((await api.read(f"/loans/{loan}"))["status"] == "closed")

    await until(closed, "the loan is closed")
    told = await story(kafka_bootstrap, 7)
    (asked,) = [each for each in told if isinstance(each, HardshipRequested)]
    (waived,) = [each for each in told if isinstance(each, AmountWaived)]
    assert (str(asked.request_id), str(waived.waiver_id)) == (request["result_id"], waiver["result_id"])
    reasons = [each.reason for each in told if isinstance(each, LoanRescheduled)]
    assert reasons[:2] == ["restructure", "restructure_undone"]
    assert [each.sequence for each in told] == list(range(1, len(told) + 1))
    events = await api.read(f"/loans/{loan}/events", limit=4)
    rest = await api.read(f"/loans/{loan}/events", cursor=events["next_cursor"], limit=1000)
    assert [each["sequence"] for each in events["items"] + rest["items"]] == [each.sequence for each in told]
    assert codes(await api.get(f"/loans/{loan}/payoff")) == ["nothing_owed"]

    await statements(api, loan, today)
    await books(api, loan)


async def statements(api: Api, loan: str, today: date) -> None:
    """The account adds up in pages, as data and as a page."""
    pages, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await api.read(f"/loans/{loan}/transactions", **query)
        pages += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages[-1]["balance"] == 0
    said = {"from": str(loans.TODAY), "to": str(today)}
    shown = await api.read(f"/loans/{loan}/statement", **said)
    assert (shown["opening"], shown["closing"], shown["lines"]) == (0, 0, pages)
    for path, headers, words in (
        ("statement.html", {}, "贷款账户对账单"),
        ("statement.html?language=en", {}, "Loan account statement"),
        ("statement", {"Accept": "text/html", "Accept-Language": "en"}, "Loan account statement"),
    ):
        answer = await api.client.get(f"/v1/loans/{loan}/{path}", params=None, headers=bearer(READER) | headers)
        assert answer.headers["content-type"].startswith("text/html")
        assert words in answer.text
        assert "http" not in answer.text.replace("http-equiv", "")
    assert codes(await api.get(f"/loans/{loan}/statement", to=str(today + timedelta(days=1)))) == ["day_to_come"]
    assert codes(await api.get(f"/loans/{loan}/statement", **{"from": str(today), "to": "2026-03-05"})) == [
        "after_the_end"
    ]


async def books(api: Api, loan: str) -> None:
    """The books balance, hold, and say what the loans say."""
    balance = await api.read("/ledger/trial-balance")
    assert balance["balanced"]
    verified = (await api.get("/ledger/verify", OPERATOR)).json()
    assert verified["sound"], verified
    assert (await api.read("/ledger/reconcile"))["loan_differences"] == []
    page = await api.read("/ledger/journals", book=loan, limit=1)
    rest = await api.read("/ledger/journals", book=loan, cursor=page["next_cursor"], limit=1000)
    numbers = [each["number"] for each in page["items"] + rest["items"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(sum(line["amount"] for line in each["lines"]) == 0 for each in page["items"] + rest["items"])


async def test_money_in_suspense_goes_to_its_loan_or_stays(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    api = Api(service.url)
    await begun(kafka_bootstrap, loans.TODAY, 1)
    stranger = uuid4()
    await publish(kafka_bootstrap, loans.payment(70_000, "lost", loan_id=stranger))
    loan = await lent(kafka_bootstrap)

    async def suspended() -> list[dict[str, Any]]:
        return list((await api.read("/suspense"))["items"])

    (item,) = await until(suspended, "the money waits")
    assert (item["loan_id"], item["reason"]) == (str(stranger), "unknown_loan")
    body = {"loan_id": loan, "reason": "the customer mistyped the number"}
    assert codes(await api.post("/suspense/lost/match", body | {"loan_id": str(uuid4())})) == ["unknown_loan"]
    assert codes(await api.post("/suspense/none/match", body)) == ["unknown_payment"]
    assert await suspended() == [item]
    for _ in range(2):
        matched = await api.done("/suspense/lost/match", body, key="m")
    assert await suspended() == []
    assert codes(await api.post("/suspense/lost/match", body)) == ["not_in_suspense"]
    applied = (await story(kafka_bootstrap, 4))[3]
    assert isinstance(applied, PaymentApplied)
    assert (applied.payment_id, applied.amount, applied.value_date) == (matched["result_id"], 70_000, loans.TODAY)

    rows = {
        row["account"]: row["balance"]
        for row in (await api.read("/ledger/trial-balance"))["rows"]
        if not row["product"]
    }
    assert set(rows.values()) == {0, -70_000} or set(rows.values()) == {0}
    journals = (await api.read("/ledger/journals", limit=1000))["items"]
    given = [each for each in journals if each["book"] == str(stranger)]
    assert [sum(line["amount"] for line in each["lines"] if line["amount"] > 0) for each in given] == [70_000, 70_000]
    assert {each["value_date"] for each in given} == {str(loans.TODAY)}
    await books(api, loan)

    await api.done(f"/loans/{loan}/payments/{matched['result_id']}/reversal", {"reason": "bounced after all"})
    shown = await api.read(f"/loans/{loan}")
    assert shown["balances"]["total_outstanding"] == loans.active().total_outstanding
    await books(api, loan)


async def test_a_loan_is_given_up_by_an_administrator_and_lists_have_pages(kafka_bootstrap: str, start: Start) -> None:
    service = await start().started()
    api = Api(service.url)
    await begun(kafka_bootstrap, loans.TODAY, 1)
    applications = [uuid4() for _ in range(3)]
    lending = [await lent(kafka_bootstrap, application) for application in applications]
    assert (await api.post(f"/loans/{lending[0]}/charge-off", {"reason": "gone"})).status_code == 403
    done = await api.done(f"/loans/{lending[0]}/charge-off", {"reason": "fraud"}, ADMIN)
    assert done["status"] == "charged_off"
    assert codes(await api.post(f"/loans/{lending[0]}/charge-off", {"reason": "fraud"}, ADMIN)) == ["not_active"]
    one = await api.read("/loans", customer_id=str(loans.CUSTOMER), limit=2)
    two = await api.read("/loans", customer_id=str(loans.CUSTOMER), limit=2, cursor=one["next_cursor"])
    assert {each["loan_id"] for each in one["loans"] + two["loans"]} == set(lending)
    assert (len(one["loans"]), two["next_cursor"]) == (2, None)
    assert (await api.read(f"/days/{loans.TODAY}"))["status"] == "closed"


async def test_the_served_document_is_the_one_that_is_kept(start: Start) -> None:
    service = await start().started()
    served = await asyncio.to_thread(service.get, "/openapi.json")
    assert openapi() == _sorted(served.json())


def _sorted(document: Any) -> str:

    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
