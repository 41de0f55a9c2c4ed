"""The settings: no secret has a default, and what is missing or wrong is named."""

import base64
import json
from datetime import timedelta

import pytest

from lendstream.runtime.auth import digest_of
from lendstream.runtime.settings import load
from lendstream_application.settings import ApplicationSettings

COMPLETE = {
    "LENDSTREAM_DATABASE_URL": "postgresql://localhost/application",
    "LENDSTREAM_MASTER_KEYS": json.dumps({"a": base64.b64encode(bytes(32)).decode()}),
    "LENDSTREAM_IDENTITY_SECRET": "i" * 32,
    "LENDSTREAM_API_TOKENS": json.dumps({digest_of("operator-token-0001"): {"name": "mei", "scopes": ["admin"]}}),
    "LENDSTREAM_PARTNER_TOKENS": '{"phone-shop": "phone-shop-token-1"}',
}


def refused(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> str:
    """What is said when the process ends."""
    for name, value in {**COMPLETE, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load(ApplicationSettings)
    return str(caught.value)


def test_a_complete_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    settings = load(ApplicationSettings)
    assert settings.vault.current == "a"
    assert settings.decision_patience == timedelta(seconds=30)
    assert settings.partner_tokens["phone-shop"].get_secret_value() == "phone-shop-token-1"
    for secret in ("i" * 32, "operator-token-0001", "phone-shop-token-1"):
        assert secret not in repr(settings)


@pytest.mark.parametrize(
    "variable",
    ["LENDSTREAM_DATABASE_URL", "LENDSTREAM_MASTER_KEYS", "LENDSTREAM_IDENTITY_SECRET"],
)
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    said = refused(monkeypatch, **{variable: None})
    assert said.startswith(f"{variable}: is not set. ")
    assert len(said.splitlines()) == 1


def test_all_that_are_missing_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused(monkeypatch, **dict.fromkeys(COMPLETE))
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("LENDSTREAM_IDENTITY_SECRET", "too-short", "at least 32"),
        ("LENDSTREAM_API_TOKENS", '{"too-short": {"name": "mei", "scopes": ["admin"]}}', "pattern"),
        ("LENDSTREAM_API_TOKENS", "too-short", "must be JSON"),
        ("LENDSTREAM_API_TOKENS_FILE", "/nowhere/too-short", "cannot be read"),
        ("LENDSTREAM_PARTNER_TOKENS", '{"phone-shop": "too-short"}', "at least 16"),
        ("LENDSTREAM_PARTNER_TOKENS", '{"Phone Shop!": "long-enough-token"}', "pattern"),
        ("LENDSTREAM_PARTNER_TOKENS", '{"phone-shop": "operator-token-0001"}', "the same"),
        ("LENDSTREAM_MASTER_KEYS", '{"a": "too-short"}', "base64|bytes"),
        ("LENDSTREAM_MASTER_KEY", "b", "'b' is not among"),
        ("LENDSTREAM_DECISION_PATIENCE_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_wrong_value_is_explained_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    said = refused(monkeypatch, **{variable: value})
    assert any(part in said for part in expected.split("|"))
    assert "too-short" not in said
    assert "operator-token-0001" not in said


def test_tokens_that_are_not_json_are_refused_with_the_variables_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "LENDSTREAM_PARTNER_TOKENS" in refused(monkeypatch, LENDSTREAM_PARTNER_TOKENS="phone-shop=token")
