"""A stack that shall die with its parent does, even when the parent is killed; one started by `up` lives on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lendstream_local import Stack
from lendstream_local.probes import eventually, listens, processes_of

PARENT = """
import sys
from pathlib import Path
from lendstream_local import Stack
Stack.start(Path(sys.argv[1]), durable=False, **{sys.argv[2]: True})
print("started", flush=True)
sys.stdin.read()
"""


def parent_of(home: Path, option: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PARENT, str(home), option]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill(parent: subprocess.Popen[str]) -> None:
    with parent:  # closes the pipes and reaps
        parent.kill()


def wait_for_start(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"


def test_nothing_of_a_temporary_stack_survives_a_killed_parent(home: Path) -> None:
    parent = parent_of(home, "temporary")
    wait_for_start(parent)
    ports = [Stack(home).kafka.port, Stack(home).postgres.port]
    assert all(map(listens, ports))

    kill(parent)

    assert eventually(lambda: not home.exists() and not processes_of(home))
    assert not any(map(listens, ports))


def test_servers_restarted_by_others_die_with_the_parent_too(home: Path) -> None:
    parent = parent_of(home, "die_with_parent")
    wait_for_start(parent)
    stack = Stack.attach(home)
    stack.postgres.kill()
    stack.postgres.start()

    kill(parent)

    assert eventually(lambda: not processes_of(home))
    assert (home / "config.json").exists()


@pytest.mark.parametrize("sign", ["kafka", "postgres", "postgres/PG_VERSION", "logs/kafka.log"])
def test_a_parent_killed_in_the_middle_of_a_first_start_leaves_nothing(home: Path, sign: str) -> None:
    parent = parent_of(home, "temporary")
    assert eventually((home / sign).exists)

    kill(parent)

    assert eventually(lambda: not home.exists() and not processes_of(home))


def test_the_command_line_starts_shows_and_ends_a_stack_that_outlives_each_command(home: Path) -> None:
    def lendstream_local(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lendstream_local.cli", *arguments]
        env = {**os.environ, "LENDSTREAM_HOME": str(home)}
        return subprocess.run(command, env=env, capture_output=True, text=True)

    assert lendstream_local("status").returncode == 1

    up = lendstream_local("up")
    assert up.returncode == 0, up.stderr
    stack = Stack.attach(home)
    assert stack.kafka_bootstrap in up.stdout
    assert stack.postgres_dsn("postgres") in up.stdout

    status = lendstream_local("status", "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["kafka"] == {
        "running": True,
        "address": stack.kafka_bootstrap,
        "pid": stack.kafka.pid,
        "log": str(home / "logs" / "kafka.log"),
    }
    assert "Kafka Server started" in lendstream_local("logs", "kafka").stdout
    assert "ready to accept connections" in lendstream_local("logs").stdout

    assert lendstream_local("down").returncode == 0
    assert processes_of(home) == []
    assert lendstream_local("status", "--json").returncode == 1
