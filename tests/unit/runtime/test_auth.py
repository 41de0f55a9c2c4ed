"""Callers of the APIs: known by the digests of their tokens, let in by their scopes."""

import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI

from lendstream.runtime.auth import Caller, Holders, Scope, TokenHolder, digest_of, needs
from lendstream.runtime.http import operations_app
from lendstream.runtime.settings import ServiceSettings, load
from support.tokens import BY_SCOPE, SETTING, bearer

HOLDERS = {digest: TokenHolder(**holder) for digest, holder in json.loads(SETTING).items()}


def app(holders: Holders) -> FastAPI:
    """One route for each scope."""
    made = operations_app("toy", dict)
    for scope in Scope:

        async def who(caller: Caller = Depends(needs(scope, holders))) -> str:  # noqa: B008
            return caller.name

        made.add_api_route(f"/{scope.value}", who)
    return made


async def ask(path: str, headers: dict[str, str] | dict[bytes, bytes], holders: Holders = HOLDERS) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(holders)), base_url="http://toy") as client:
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("wanted", Scope)
@pytest.mark.parametrize("had", Scope)
async def test_a_scope_includes_those_before_it(wanted: Scope, had: Scope) -> None:
    answer = await ask(f"/{wanted.value}", bearer(BY_SCOPE[had]))
    scopes = list(Scope)
    if scopes.index(had) >= scopes.index(wanted):
        assert (answer.status_code, answer.json()) == (200, f"the-{had.value}")
    else:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("nobody"),
        bearer(""),
        {"Authorization": f"Basic {BY_SCOPE[Scope.ADMIN]}"},
        {"Authorization": next(iter(HOLDERS))},
        bearer(next(iter(HOLDERS))),
        {b"Authorization": "Bearer ööö".encode()},
        {b"Authorization": b"Bearer \xff\xfe"},
    ],
)
async def test_nobody_gets_in_without_a_token(headers: dict[str, str] | dict[bytes, bytes]) -> None:
    answer = await ask("/reader", headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["errors"][0]["code"] == "unknown_token"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_nobody_gets_in_where_there_are_no_tokens() -> None:
    answer = await ask("/reader", bearer("nobody"), {})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "no_tokens")
    assert "LENDSTREAM_API_TOKENS" in answer.json()["errors"][0]["fix"]


def test_a_digest_is_what_sha256sum_says() -> None:
    assert digest_of("öffne dich") == sha256("öffne dich".encode()).hexdigest()


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> ServiceSettings:
    for name, value in {"DATABASE_URL": "postgresql://nowhere/none", **values}.items():
        monkeypatch.setenv(f"LENDSTREAM_{name}", value)
    return load(ServiceSettings)


def test_tokens_come_from_the_variable_and_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({digest_of("filed"): {"name": "kate", "scopes": ["reader", "operator"]}}))
    found = settings(monkeypatch, API_TOKENS=SETTING, API_TOKENS_FILE=str(file)).token_holders
    assert {holder.name for holder in found.values()} == {"the-reader", "the-operator", "the-admin", "kate"}
    assert settings(monkeypatch, API_TOKENS="{}", API_TOKENS_FILE=str(file)).token_holders.keys() == {
        digest_of("filed")
    }


@pytest.mark.parametrize("text", ["{}x", '{"a token in clear": {"name": "mei", "scopes": ["admin"]}}', "[]"])
def test_a_file_that_is_wrong_is_refused_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    with pytest.raises(SystemExit, match="LENDSTREAM_API_TOKENS_FILE is not usable") as ended:
        settings(monkeypatch, API_TOKENS_FILE=str(file))
    assert "in clear" not in str(ended.value)


@pytest.mark.parametrize(
    "holder",
    [
        {"name": "mei", "scopes": []},
        {"name": "", "scopes": ["admin"]},
        {"name": "mei", "scopes": ["root"]},
        {"scope": 1},
    ],
)
def test_a_holder_has_a_name_and_known_scopes(monkeypatch: pytest.MonkeyPatch, holder: dict[str, object]) -> None:
    with pytest.raises(SystemExit, match="LENDSTREAM_API_TOKENS"):
        settings(monkeypatch, API_TOKENS=json.dumps({digest_of("x"): holder}))
