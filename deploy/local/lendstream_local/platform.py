"""The whole platform of one folder: the stack, the topics, every service as its own process, and the outside world's
mail server and SMS gateway."""

from __future__ import annotations

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

from lendstream.admin import apply_topics
from lendstream_local.home import HOST, Home, free_ports, write_private
from lendstream_local.program import Program
from lendstream_local.stack import Stack

SERVICES = ("application", "risk", "servicing", "notifications")
WITH_DATABASE = ("application", "servicing", "notifications")
DEFAULT_PARTNERS = ("phone-shop", "training-school", "neighbourhood-aid")


@dataclass(frozen=True)
class Secrets:
    """Ports and secrets of one platform, made once and kept in a file that its owner alone can read."""

    ports: dict[str, int]
    master_key: str
    identity_secret: str
    operator_token: str
    """For every API, all scopes."""
    sms_token: str
    partner_tokens: dict[str, str]
    reader_token: str = ""
    """For every API, to look."""

    @classmethod
    def of(cls, home: Home, partners: Iterable[str]) -> Self:
        """Those of the folder; made at the first start, a new partner's token added later."""
        file = home.path / "platform.json"
        try:
            kept = cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            names = (*SERVICES, "outside-smtp", "outside-sms")
            kept = cls(
                ports=dict(zip(names, free_ports(len(names)), strict=True)),
                master_key=b64encode(secrets.token_bytes(32)).decode(),
                identity_secret=secrets.token_urlsafe(32),
                operator_token=secrets.token_urlsafe(24),
                sms_token=secrets.token_urlsafe(24),
                partner_tokens={},
            )
        if not kept.reader_token:
            kept = replace(kept, reader_token=secrets.token_urlsafe(24))
        missing = {name: secrets.token_urlsafe(24) for name in partners if name not in kept.partner_tokens}
        kept.partner_tokens.update(missing)
        write_private(file, asdict(kept))
        return kept

    @property
    def api_tokens(self) -> str:
        """LENDSTREAM_API_TOKENS: services know digests alone."""
        callers = ((self.operator_token, "operator", "admin"), (self.reader_token, "reader", "reader"))
        known = {
            sha256(token.encode()).hexdigest(): {"name": name, "scopes": [scope]} for token, name, scope in callers
        }
        return json.dumps(known)


class Platform:
    """A handle on the platform of a folder, as `Stack` is on its two servers."""

    def __init__(
        self,
        home: Path,
        partners: Iterable[str] = DEFAULT_PARTNERS,
        extra: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.stack = Stack(home)
        self.home = self.stack.home
        self.partners = tuple(partners)
        self._extra = extra or {}

    @classmethod
    def start(
        cls,
        home: Path,
        *,
        partners: Iterable[str] = DEFAULT_PARTNERS,
        extra: Mapping[str, Mapping[str, str]] | None = None,
        on_step: Callable[[str], None] = lambda step: None,
        durable: bool = True,
        die_with_parent: bool = False,
        temporary: bool = False,
    ) -> Self:
        """Start whatever does not run yet, and wait until all of it is ready. Raises StackError.

        `extra` are further settings by service. The other options are as for `Stack.start`.
        """
        platform = cls(home, partners, extra)
        on_step("Kafka and PostgreSQL")
        Stack.start(home, durable=durable, die_with_parent=die_with_parent, temporary=temporary)
        for name in WITH_DATABASE:
            platform.stack.create_database(name)
        on_step("topics")
        asyncio.run(apply_topics(platform.stack.kafka_bootstrap, platform.partners))
        on_step("services")
        programs = platform.programs
        with ThreadPoolExecutor(len(programs)) as pool:
            list(pool.map(lambda program: program.start(), programs.values()))
        return platform

    @property
    def secrets(self) -> Secrets:
        """Ports and secrets."""
        return Secrets.of(self.home, self.partners)

    @property
    def journals(self) -> Path:
        """Where the outside world notes what it got."""
        return self.home.path / "outside"

    @property
    def programs(self) -> dict[str, Program]:
        """Every program by name, the outside world first."""
        kept = self.secrets
        smtp, sms = kept.ports["outside-smtp"], kept.ports["outside-sms"]
        outside = Program(
            self.home,
            "outside",
            [
                *("-m", "lendstream_simulator.main", "serve", "--smtp-port", str(smtp), "--sms-port", str(sms)),
                *("--sms-token", kept.sms_token, "--directory", str(self.journals)),
            ],
            sms,
            {},
        )
        services = {
            name: Program(
                self.home, name, ["-m", f"lendstream_{name}.main"], kept.ports[name], self._environment(name, kept)
            )
            for name in SERVICES
        }
        return {"outside": outside, **services}

    def _environment(self, name: str, kept: Secrets) -> dict[str, str]:
        common = {
            "LENDSTREAM_KAFKA_BOOTSTRAP": self.stack.kafka_bootstrap,
            "LENDSTREAM_HTTP_HOST": HOST,
            "LENDSTREAM_HTTP_PORT": str(kept.ports[name]),
            **self._extra.get(name, {}),
        }
        if name == "risk":
            return {**common, "LENDSTREAM_DATA_DIR": str(self.home.path / "risk")}
        keys = {"LENDSTREAM_MASTER_KEYS": json.dumps({"local": kept.master_key}), "LENDSTREAM_MASTER_KEY": "local"}
        own = {
            "application": {
                **keys,
                "LENDSTREAM_IDENTITY_SECRET": kept.identity_secret,
                "LENDSTREAM_PARTNER_TOKENS": json.dumps(kept.partner_tokens),
            },
            "servicing": {},
            "notifications": {
                **keys,
                "LENDSTREAM_SMTP_HOST": HOST,
                "LENDSTREAM_SMTP_PORT": str(kept.ports["outside-smtp"]),
                "LENDSTREAM_MAIL_FROM": "Lendstream <service@lendstream.example>",
                "LENDSTREAM_SMS_URL": f"http://{HOST}:{kept.ports['outside-sms']}",
                "LENDSTREAM_SMS_TOKEN": kept.sms_token,
                "LENDSTREAM_POLL_SECONDS": "0.1",  # days pass in seconds here
            },
        }
        return {
            **common,
            "LENDSTREAM_DATABASE_URL": self.stack.postgres_dsn(name),
            "LENDSTREAM_API_TOKENS": kept.api_tokens,
            **own[name],
        }

    @property
    def started(self) -> bool:
        """Whether the services were ever started here, not just the stack."""
        return (self.home.path / "platform.json").exists()

    def addresses(self) -> dict[str, str]:
        """What listens where."""
        servers = {"kafka": self.stack.kafka_bootstrap, "postgres": self.stack.postgres_dsn("postgres")}
        return servers | ({name: program.url for name, program in self.programs.items()} if self.started else {})

    def stop(self, *, remove: bool = False) -> None:
        """End the services, gracefully, then the servers; with `remove` delete the folder too."""
        if self.started:
            programs = list(self.programs.values())
            with ThreadPoolExecutor(len(programs)) as pool:
                list(pool.map(lambda program: program.stop(), programs))
        self.stack.stop(remove=remove)
