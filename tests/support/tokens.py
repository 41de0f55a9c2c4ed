"""Tokens for the HTTP APIs, one a scope."""

import json

from lendstream.runtime.auth import Scope, digest_of

READER, OPERATOR, ADMIN = (f"test-token-of-a-{scope.value}" for scope in Scope)
BY_SCOPE = dict(zip(Scope, (READER, OPERATOR, ADMIN), strict=True))
SETTING = json.dumps(
    {digest_of(token): {"name": f"the-{scope.value}", "scopes": [scope.value]} for scope, token in BY_SCOPE.items()}
)
"""LENDSTREAM_API_TOKENS with all of them."""


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}
