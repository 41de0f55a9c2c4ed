"""The HTTP API: loans and what may be asked of them, money in suspense, the books, business days.

Reading wants the scope reader, commands operator, what cannot be taken back admin. Errors are problem+json; every
command wants an Idempotency-Key.
"""

from fastapi import APIRouter

from lendstream.runtime.auth import Holders
from lendstream.runtime.state import Runtime
from lendstream_servicing.api import books, commands, days, loans, previews, statements, suspense
from lendstream_servicing.api.desk import Desk, problems
from lendstream_servicing.domain.chart import Chart, ProvisionPolicy
from lendstream_servicing.domain.loan import Policy
from lendstream_servicing.domain.relief_policy import ReliefPolicy
from lendstream_servicing.store import AccountStore

_EVERYWHERE = problems(
    {
        401: "No token, or nobody's.",
        403: "Not the caller's scope.",
        422: "Everything that is wrong, each with field, code, message and fix.",
        503: "The database is away, or no token is configured; ask again later.",
    }
)


def api(
    runtime: Runtime,
    store: AccountStore,
    holders: Holders,
    policy: Policy,
    relief: ReliefPolicy,
    chart: Chart,
    provision: ProvisionPolicy,
) -> APIRouter:
    """All routes, for the holders of these tokens."""
    desk = Desk(runtime, store, holders, policy, relief)
    router = APIRouter(prefix="/v1", responses=_EVERYWHERE)
    for part in (loans, previews, statements, commands, suspense, days):
        router.include_router(part.router(desk))
    router.include_router(books.router(desk, chart, provision))
    return router
