"""The pytest plugin takes its two addresses from where it is told."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg

from lendstream_local import Stack

OTHER_RUN = """
import os
import psycopg

def test_addresses(kafka_bootstrap, database):
    assert kafka_bootstrap == os.environ["EXPECTED_KAFKA"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT current_database()").fetchone()[0].startswith("test_")
"""


def run_pytest(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_other_run.py").write_text(OTHER_RUN)
    command = [sys.executable, "-m", "pytest", "-p", "lendstream_local.testing", "-p", "no:cacheprovider", str(folder)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LENDSTREAM_", "PYTEST_"))}
    return subprocess.run(command, cwd=folder, env=inherited | env, capture_output=True, text=True)


def test_addresses_given_by_the_environment_are_used_and_left_clean(own_stack: Stack, tmp_path: Path) -> None:
    admin = own_stack.postgres_dsn("postgres")
    done = run_pytest(
        tmp_path,
        EXPECTED_KAFKA=own_stack.kafka_bootstrap,
        LENDSTREAM_TEST_KAFKA=own_stack.kafka_bootstrap,
        LENDSTREAM_TEST_POSTGRES=admin,
    )
    assert done.returncode == 0, done.stdout
    with psycopg.connect(admin) as connection:
        assert connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'").fetchall() == []


def test_one_address_alone_is_refused(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, EXPECTED_KAFKA="", LENDSTREAM_TEST_KAFKA="127.0.0.1:9092")
    assert done.returncode == 1
    assert "set both LENDSTREAM_TEST_KAFKA and LENDSTREAM_TEST_POSTGRES, or neither" in done.stdout


def test_a_kept_stack_is_used_again_and_left_running(own_stack: Stack, tmp_path: Path) -> None:
    pids = (own_stack.kafka.pid, own_stack.postgres.pid)
    done = run_pytest(tmp_path, EXPECTED_KAFKA=own_stack.kafka_bootstrap, LENDSTREAM_TEST_HOME=str(own_stack.home.path))
    assert done.returncode == 0, done.stdout
    assert (own_stack.kafka.pid, own_stack.postgres.pid) == pids
