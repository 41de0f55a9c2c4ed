"""schema.sql says what the migrations make."""

from pathlib import Path
from typing import Any

import asyncpg

from lendstream.runtime.migrate import migrate
from lendstream_local.testing import fresh_database
from lendstream_servicing.main import MIGRATIONS

CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migration'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'schema_migration'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('schema_migration')""",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "options": "SELECT relname, reloptions::text FROM pg_class WHERE reloptions IS NOT NULL AND relkind = 'r'",
}


async def described(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    await connection.execute("CREATE TABLE IF NOT EXISTS schema_migration ()")
    return {name: sorted(map(tuple, await connection.fetch(sql)), key=repr) for name, sql in CATALOGUE.items()}


async def test_the_documented_schema_is_the_migrated_one(postgres_admin: str) -> None:
    descriptions = []
    for folder in (MIGRATIONS, None):
        with fresh_database(postgres_admin) as dsn:
            connection = await asyncpg.connect(dsn)
            try:
                if folder:
                    await migrate(connection, {"servicing": folder})
                else:
                    schema = Path(MIGRATIONS).parent / "schema.sql"
                    await connection.execute(schema.read_text("utf-8"))
                descriptions.append(await described(connection))
            finally:
                await connection.close()
    migrated, documented = descriptions
    assert documented == migrated
    assert len({row[0] for row in migrated["columns"]}) == 13
