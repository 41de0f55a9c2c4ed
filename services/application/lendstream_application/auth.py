"""Which partner calls, by its Bearer token."""

import hmac
from collections.abc import Mapping

from fastapi import HTTPException, Request
from pydantic import SecretStr

from lendstream.errors import FieldError, problem


def partner_of(request: Request, tokens: Mapping[str, SecretStr]) -> str:
    """The partner whose token it is. Every token is compared, in constant time, so that time tells nothing.

    Raises HTTPException 401, as problem+json.
    """
    presented = _presented(request)
    found = None
    for name, token in tokens.items():
        if hmac.compare_digest(token.get_secret_value().encode(), presented):
            found = name
    if found is None:
        raise _unauthorized("Send your partner token as `Authorization: Bearer <token>`; the platform team issues it.")
    return found


def _presented(request: Request) -> bytes:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode() if scheme.lower() == "bearer" else b""


def _unauthorized(fix: str) -> HTTPException:
    finding = FieldError("headers.Authorization", "unknown_token", "The token is missing or nobody's.", fix)
    body = problem(401, "Who are you?", [finding])
    return HTTPException(401, body, {"WWW-Authenticate": 'Bearer realm="lendstream"'})
