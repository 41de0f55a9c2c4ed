"""Who may use a service's HTTP API: bearer tokens with scopes, known by their digests alone.

    LENDSTREAM_API_TOKENS = {"<SHA-256 of the token, hex>": {"name": "mei", "scopes": ["operator"]}}

Only digests are configured, so a settings file that leaks opens nothing. There is no default token: an API without any
says which variable to set. Probes and metrics stay open.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, NamedTuple

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from lendstream.errors import FieldError, problem

VARIABLE = "LENDSTREAM_API_TOKENS"
_BEARER = HTTPBearer(auto_error=False, description=f"A token whose digest is in {VARIABLE}.")


class Scope(StrEnum):
    """What a caller may do; each includes those before it."""

    READER = "reader"
    """Look."""
    OPERATOR = "operator"
    """Serve customers: what can be taken back, or happens every day."""
    ADMIN = "admin"
    """What cannot be taken back, or is rare."""


_RANK = {scope: rank for rank, scope in enumerate(Scope)}


class TokenHolder(BaseModel):
    """Whose token it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,39}$", description="Recorded with what the caller does.")
    scopes: tuple[Scope, ...] = Field(min_length=1)


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Holders = Mapping[str, TokenHolder]
"""By the digests of their tokens."""


class Caller(NamedTuple):
    """Who calls, and what they may do."""

    name: str
    scope: Scope
    """The widest of their scopes."""


def digest_of(token: str) -> str:
    """A token as it is configured: `printf %s "$TOKEN" | sha256sum`."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def needs(scope: Scope, holders: Holders) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets callers with this scope pass, and says who they are.

    As problem+json: 503 where no token is configured, 401 for a token of nobody's, 403 for a scope that is not theirs.
    """

    async def check(presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Caller:
        if not holders:
            raise _refusal(503, "No caller is known", "no_tokens", "The service knows no tokens.", _SET)
        caller = _caller(presented.credentials if presented else "", holders)
        if caller is None:
            raise _refusal(401, "Who are you?", "unknown_token", "The token is missing or nobody's.", _SEND)
        if _RANK[caller.scope] < _RANK[scope]:
            said = f"{caller.name} has the scope {caller.scope.value}; this wants {scope.value}."
            raise _refusal(403, "Not allowed", "scope_missing", said, f"Have {scope.value} added in {VARIABLE}.")
        return caller

    return check


def _caller(token: str, holders: Holders) -> Caller | None:
    """The holder of a token. Every digest is compared, in constant time, so that time tells nothing."""
    digest, found = digest_of(token), None
    for known, holder in holders.items():
        if hmac.compare_digest(known, digest):
            found = holder
    return Caller(found.name, max(found.scopes, key=_RANK.__getitem__)) if found is not None and token else None


_SET = (
    f'Set {VARIABLE} to {{"<SHA-256 of a token, hex>": {{"name": "...", "scopes": ["reader"]}}}}, or name such a file.'
)
_SEND = f"Send `Authorization: Bearer <token>`, a token whose SHA-256 is in {VARIABLE}."


def _refusal(status: int, title: str, code: str, message: str, fix: str) -> HTTPException:
    body = problem(status, title, [FieldError("headers.Authorization", code, message, fix)])
    headers = {401: {"WWW-Authenticate": 'Bearer realm="lendstream"'}, 503: {"Retry-After": "60"}}.get(status)
    return HTTPException(status, body, headers)
