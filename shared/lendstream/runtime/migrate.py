"""Schema migrations: plain SQL files, forward only, each in one transaction with the note that it was applied.

Own code rather than a library: see docs/decisions (the ones at hand note a migration outside its transaction, or
lock with a row that a killed process leaves behind).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lendstream.runtime.sql import Connection

_LOCK = "SELECT pg_advisory_lock(hashtext('lendstream.migrate'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('lendstream.migrate'))"
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    id text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)"""

RUNTIME_MIGRATIONS = Path(__file__).parent / "migrations"


class ChangedMigrationError(Exception):
    """A migration that was already applied has another text now: add a new file instead of changing an old one."""


async def migrate(connection: Connection, folders: Mapping[str, Path]) -> list[str]:
    """Apply what is new of each folder's `*.sql`, in the order of folders and names; returns what was applied.

    Several processes may start at once: one migrates, the others wait for it.

    Errors: ChangedMigrationError; whatever the server says of a migration's SQL (that migration is rolled back whole).
    """
    await connection.execute(_LOCK, timeout=600)
    try:
        await connection.execute(_TABLE)
        applied = {
            row["id"]: row["digest"] for row in await connection.fetch("SELECT id, digest FROM schema_migration")
        }
        new: list[str] = []
        for owner, folder in folders.items():
            for file in sorted(folder.glob("*.sql")):
                name, text = f"{owner}/{file.stem}", file.read_text("utf-8")
                digest = hashlib.sha256(text.encode()).hexdigest()
                if name not in applied:
                    async with connection.transaction():
                        await connection.execute(text, timeout=3600)
                        await connection.execute(
                            "INSERT INTO schema_migration (id, digest) VALUES ($1, $2)", name, digest
                        )
                    new.append(name)
                elif applied[name] != digest:
                    raise ChangedMigrationError(f"{file} was applied with another text; add a new migration instead")
        return new
    finally:
        await connection.execute(_UNLOCK)
