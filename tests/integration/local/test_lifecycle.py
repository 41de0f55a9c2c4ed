"""Starting, finding again and ending a stack, in good order and in bad."""

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from lendstream_local import NotRunning, Stack, StackError
from lendstream_local.home import HOST
from lendstream_local.probes import listens, processes_of


def test_a_stopped_stack_leaves_no_process_no_port_and_no_folder(home: Path) -> None:
    stack = Stack.start(home, durable=False)
    ports = [stack.kafka.port, stack.postgres.port]
    assert all(map(listens, ports))
    assert processes_of(home)

    stack.stop(remove=True)

    assert processes_of(home) == []
    assert not any(map(listens, ports))
    assert not home.exists()


def test_data_and_ports_are_kept_between_starts(home: Path) -> None:
    first = Stack.start(home, kafka=False, durable=False)
    dsn = first.create_database("kept")
    first.stop()

    again = Stack.start(home, kafka=False, durable=False)

    assert again.postgres_dsn("kept") == dsn
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("kept",)


def test_a_port_that_was_taken_meanwhile_is_changed(home: Path) -> None:
    stack = Stack.start(home, kafka=False, durable=False)
    port = stack.postgres.port
    stack.stop()
    with socket.create_server((HOST, port)):
        moved = Stack.start(home, kafka=False, durable=False)
        assert moved.postgres.port != port
        assert moved.create_database("reached")


def test_kafka_takes_new_ports_and_keeps_its_data(home: Path) -> None:
    stack = Stack.start(home, postgres=False, durable=False)
    config = stack.home.config()
    stack.stop()
    with socket.create_server((HOST, config.kafka_port)), socket.create_server((HOST, config.controller_port)):
        moved = Stack.start(home, postgres=False, durable=False)
        assert moved.kafka.port != config.kafka_port
        assert listens(moved.kafka.port)


def test_starting_twice_at_once_starts_one_stack(home: Path) -> None:
    with ThreadPoolExecutor() as pool:
        stacks = list(pool.map(lambda _: Stack.start(home, kafka=False, durable=False), range(2)))
    assert len({stack.postgres.pid for stack in stacks}) == 1


def test_there_is_nothing_to_attach_to_before_the_first_start_and_after_the_stop(home: Path) -> None:
    with pytest.raises(NotRunning, match="lendstream-local up"):
        Stack.attach(home)
    Stack.start(home, kafka=False, durable=False).stop()
    with pytest.raises(NotRunning, match="lendstream-local up"):
        Stack.attach(home)


def test_a_stale_state_file_whose_pids_now_belong_to_others_is_seen_through(home: Path) -> None:
    stack = Stack.start(home, kafka=False, durable=False)
    dsn = stack.create_database("survivor")
    stack.postgres.kill()
    stack.home.record(kafka=os.getpid(), postgres=os.getpid())

    with pytest.raises(NotRunning, match="has died"):
        Stack.attach(home)
    stack.kafka.kill()  # must not end this test's process, whose pid the file names

    revived = Stack.start(home, kafka=False, durable=False)
    assert revived.postgres.pid != os.getpid()
    assert revived.create_database("survivor") == dsn


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"postgres": "none"}'])
def test_a_lost_or_broken_state_file_does_not_lose_the_servers(home: Path, content: str | None) -> None:
    stack = Stack.start(home, kafka=False, durable=False)
    pid = stack.postgres.pid
    stack.home.state_file.unlink()
    if content is not None:
        stack.home.state_file.write_text(content)

    assert Stack.start(home, kafka=False, durable=False).postgres.pid == pid
    Stack(home).stop()
    assert processes_of(home) == []


def test_the_password_is_readable_by_its_owner_alone(home: Path) -> None:
    stack = Stack.start(home, kafka=False, durable=False)
    assert stack.home.config_file.stat().st_mode & 0o777 == 0o600
    assert json.loads(stack.home.config_file.read_text())["postgres_password"] in stack.postgres_dsn("postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:guess@{HOST}:{stack.postgres.port}/postgres")


def test_a_server_that_cannot_start_says_why_and_leaves_nothing_running(home: Path) -> None:
    stack = Stack.start(home, durable=False)
    stack.stop()
    (stack.kafka.folder / "data" / "meta.properties").write_text("nonsense\n")
    with pytest.raises(StackError, match="kafka ended while starting"):
        Stack.start(home, durable=False)
    assert processes_of(home) == []


def test_no_stack_starts_in_a_folder_that_cannot_be_written(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(StackError, match="choose another folder"):
        Stack.start(home / "file" / "stack")
