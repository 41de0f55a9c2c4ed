"""The service's SQL: named, commented statements in `queries/`."""

from pathlib import Path
from typing import Any

import aiosql

queries: Any = aiosql.from_path(Path(__file__).parent / "queries", "asyncpg")
