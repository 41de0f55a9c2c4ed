"""Servicing's HTTP, as borrowers and an operator use it: every call that the outside world makes is here.

    GET  /v1/loans/{loan_id}/payoff?on=2026-04-02   -> {"amount": 812345, ...}
    POST /v1/loans/{loan_id}/hardship               {"circumstance": "illness", "detail": "..."}
    POST /v1/loans/{loan_id}/restructure-previews   {"circumstance": "illness", "plan": {...}} -> {"token": ...}
    POST /v1/loans/{loan_id}/restructures           the same, with the token, evidence and reason

Each with `Authorization: Bearer <operator token>`, the POSTs with an Idempotency-Key. A call that servicing does not
know (404), refuses or does not answer is counted and left: whoever wanted it asks again on another day, or never.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import httpx

_PATIENCE = 5.0
"""Seconds that an answer may take: whoever asks keeps the outside world waiting."""
PLANS: Mapping[str, Mapping[str, object]] = {
    "illness": {"holiday": 3},
    "job_loss": {"holiday": 2, "extra_instalments": 3},
    "family_event": {"extra_instalments": 6},
}
"""By circumstance, as the relief policy names it: what the operator gives."""


class Desk:
    """Where servicing's HTTP is, and how its calls went."""

    def __init__(self, url: str, token: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._transport = transport
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.answers: Counter[tuple[str, str]] = Counter()
        """By call and answer, as `("payoff", "404")`."""
        self.away = False
        """Whether the last call found nobody."""

    async def payoff(self, loan_id: UUID, on: date) -> int | None:
        """The amount, in minor units, that pays the loan off on a day."""
        answer = await self._call("GET", loan_id, "payoff", params={"on": on.isoformat()})
        amount = answer.get("amount") if answer else None
        return amount if isinstance(amount, int) and amount > 0 else None

    async def hardship(self, loan_id: UUID, circumstance: str, detail: str, key: str) -> bool:
        """A borrower asks for relief."""
        body = {"circumstance": circumstance, "detail": detail}
        return await self._call("POST", loan_id, "hardship", body=body, key=key) is not None

    async def restructure(self, loan_id: UUID, circumstance: str, key: str) -> bool:
        """The operator previews a plan and gives exactly that."""
        asked = {"circumstance": circumstance, "plan": PLANS.get(circumstance, {"extra_instalments": 3})}
        preview = await self._call("POST", loan_id, "restructure-previews", body=asked)
        token = preview.get("token") if preview else None
        if not isinstance(token, str):
            return False
        agreed = asked | {"token": token, "evidence": "seen", "reason": "agreed on the phone"}
        # another day's preview is another command: it has a key of its own
        return await self._call("POST", loan_id, "restructures", body=agreed, key=f"{key}/{token[:16]}") is not None

    async def _call(
        self,
        method: str,
        loan_id: UUID,
        what: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        key: str = "",
    ) -> dict[str, object] | None:
        """The JSON object of a success, else None."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        url = f"{self._url}/v1/loans/{loan_id}/{what}"
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False, transport=self._transport) as client:
                answer = await client.request(method, url, params=params, json=body, headers=headers)
        except httpx.TransportError as error:
            self.answers[what, type(error).__name__] += 1
            self.away = True
            return None
        self.away = False
        self.answers[what, str(answer.status_code)] += 1
        if not answer.is_success:
            return None
        try:
            content = answer.json()
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}
