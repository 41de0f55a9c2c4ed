"""schema.sql says what the migrations make."""

from typing import Any

import asyncpg

from lendstream.runtime.migrate import migrate
from lendstream_local.testing import fresh_database
from lendstream_notifications.main import MIGRATIONS

CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migration'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migration'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('schema_migration')""",
}


async def described(dsn: str, schema: str | None) -> dict[str, list[tuple[Any, ...]]]:
    """What a database looks like after the migrations, or after a script."""
    connection = await asyncpg.connect(dsn)
    try:
        if schema is None:
            await migrate(connection, {"notifications": MIGRATIONS})
        else:
            await connection.execute("CREATE TABLE schema_migration ()")
            await connection.execute(schema)
        return {name: sorted(map(tuple, await connection.fetch(sql)), key=repr) for name, sql in CATALOGUE.items()}
    finally:
        await connection.close()


async def test_the_documented_schema_is_the_migrated_one(postgres_admin: str) -> None:
    with fresh_database(postgres_admin) as one, fresh_database(postgres_admin) as other:
        migrated = await described(one, None)
        documented = await described(other, (MIGRATIONS.parent / "schema.sql").read_text("utf-8"))
    assert documented == migrated
    assert {row[0] for row in migrated["columns"]} == {"contact", "plan", "message"}
