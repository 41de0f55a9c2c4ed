"""Settings say what is wrong with them and keep their secrets; rules that contradict themselves are refused."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lendstream.events.customer import CustomerKey
from lendstream.events.notification import Channel
from lendstream.privacy import Vault
from lendstream.runtime.settings import load
from lendstream_notifications import rules
from lendstream_notifications.domain.rules import Rules
from lendstream_notifications.domain.sending import Unreadable
from lendstream_notifications.recipients import Recipients
from lendstream_notifications.settings import NotificationSettings
from unit.notifications import stories

SECRET = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "DATABASE_URL": "postgresql://user:hidden@127.0.0.1/notifications",
    "SMTP_HOST": "127.0.0.1",
    "MAIL_FROM": "Lendstream <service@lendstream.example>",
    "SMS_URL": "http://127.0.0.1:8025",
    "SMS_TOKEN": "sms-hidden",
    "MASTER_KEYS": json.dumps({"2026-01": SECRET}),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD.items():
        monkeypatch.setenv(f"LENDSTREAM_{name}", value)
    return monkeypatch


def test_good_settings_show_no_secret(environment: pytest.MonkeyPatch) -> None:
    found = load(NotificationSettings)
    assert found.pace.claim > found.pace.retry.first
    for secret in (SECRET, "sms-hidden"):
        assert secret not in repr(found)


def test_every_missing_variable_is_named_with_its_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(f"LENDSTREAM_{name}", raising=False)
    with pytest.raises(SystemExit) as ended:
        load(NotificationSettings)
    lines = str(ended.value).splitlines()
    wanted = ["DATABASE_URL", "SMTP_HOST", "MAIL_FROM", "SMS_URL", "MASTER_KEYS"]
    assert [line.split(":")[0] for line in lines] == [f"LENDSTREAM_{name}" for name in wanted]
    assert all("is not set. " in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MASTER_KEYS", '{"2026-01": "short"}', "master key"),
        ("MASTER_KEY", "2027-01", "not among"),
        ("IN_DOUBT_AFTER_SECONDS", "50", "at least 10 times"),
        ("MAIL_FROM", "Lendstream", "pattern"),
        ("SMS_URL", "ftp://127.0.0.1", "pattern"),
        ("API_TOKENS", '{"short": {}}', "pattern"),
        ("SMTP_TLS", "yes", "'auto'"),
    ],
)
def test_what_is_wrong_is_said_without_any_value(
    name: str, value: str, said: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(f"LENDSTREAM_{name}", value)
    with pytest.raises(SystemExit, match=said) as ended:
        load(NotificationSettings)
    for secret in (SECRET, "hidden", "sms-hidden"):
        assert secret not in str(ended.value)


def test_every_setting_is_described() -> None:
    assert [name for name, field in NotificationSettings.model_fields.items() if not field.description] == []


def test_the_rules_are_those_of_the_readme() -> None:
    found = rules.load()
    assert [(each.days, each.kind) for each in found.reminders] == [
        (-3, "reminder_before_due"),
        (0, "reminder_due"),
        (1, "reminder_overdue_1"),
        (7, "reminder_overdue_7"),
    ]
    assert found.other_channel("reminder_due", Channel.SMS) is Channel.MAIL


@pytest.mark.parametrize(
    "change",
    [
        {"reminders": [{"days": 1, "kind": "reminder_due"}, {"days": 1, "kind": "reminder_due"}]},
        {"reminders": [{"days": 1, "kind": "unheard_of"}]},
        {"articles": {"first_loan": "unheard_of"}},
        {"articles": {"second_loan": "article_first_loan"}},
        {"kinds": {"reminder_due": {"consent": "reminders", "channels": []}}},
        {"late_days": -1},
        {"typo": 1},
    ],
    ids=str,
)
def test_rules_that_make_no_sense_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({**rules.load().model_dump(mode="json"), **change}))  # JSON is YAML
    with pytest.raises(ValidationError):
        rules.load(file)


def test_rules_are_data(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({**rules.load().model_dump(mode="json"), "late_days": 5}))
    assert rules.load(file) == Rules.model_validate({**rules.load().model_dump(), "late_days": 5})


VAULT = Vault({"2026-01": bytes(range(32))}, "2026-01")
KEY: CustomerKey = VAULT.new_key(stories.CUSTOMER)


def sealed(text: str) -> Any:
    ciphertext = VAULT.seal(KEY, stories.CUSTOMER, text.encode())
    return stories.contact(ciphertext=ciphertext, key_id=KEY.key_id)


IDENTITY = (
    '{"identity_number":"110101199003070017","name":"王小明","birth_date":"1990-03-07","mobile":"+8613800138000"}'
)


def test_a_sealed_profile_opens_to_a_person() -> None:
    person = Recipients(VAULT).open(replace(sealed(IDENTITY), key=KEY))
    assert (person.name, person.mobile, person.email) == ("王小明", "+8613800138000", None)


@pytest.mark.parametrize("text", ["not JSON", '{"name": "王小明"}', "[]"])
def test_a_profile_that_is_none_is_unreadable_and_unnamed(text: str) -> None:
    with pytest.raises(Unreadable) as raised:
        Recipients(VAULT).open(replace(sealed(text), key=KEY))
    assert not raised.value.for_now
    assert "王小明" not in repr(raised.value) + str(raised.value.__cause__)


def test_another_persons_key_or_an_unknown_master_key() -> None:
    other = VAULT.new_key(stories.CUSTOMER)
    with pytest.raises(Unreadable) as raised:
        Recipients(VAULT).open(replace(sealed(IDENTITY), key=other))
    assert not raised.value.for_now
    newer = Vault({"2027-01": bytes(32)}, "2027-01").new_key(stories.CUSTOMER)
    with pytest.raises(Unreadable) as raised:
        Recipients(VAULT).open(replace(sealed(IDENTITY), key=newer))
    assert raised.value.for_now
