"""Kafka's jars: which ones (a lock with checksums), and where on this machine (the user's cache folder)."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from lendstream_local.errors import StackError

if TYPE_CHECKING:
    from rich.progress import Progress

KAFKA_VERSION = "4.3.1"
LOCK_FILE = Path(__file__).with_name("kafka-jars.lock")
DOWNLOADS_AT_ONCE = 6
ATTEMPTS = 3


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    sha256: str
    size: int
    coordinate: str
    """group:artifact:version"""

    @cached_property
    def filename(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def matches(self, path: Path) -> bool:
        return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def locked_jars() -> list[Jar]:
    lines = (line.split() for line in LOCK_FILE.read_text().splitlines() if not line.startswith("#"))
    return [Jar(sha256, int(size), coordinate) for sha256, size, coordinate in lines]


def cache_folder() -> Path:
    return platformdirs.user_cache_path("lendstream") / f"kafka-{KAFKA_VERSION}"


def kafka_classpath(progress: Progress | None = None, folder: Path | None = None) -> list[Path]:
    """Kafka's jars on this machine; those that are missing are downloaded first, and used offline ever after.

    A jar enters the folder only whole and with the locked checksum, so a download that is broken off leaves
    nothing wrong behind and the next one goes on where it ended. Raises StackError.
    """
    folder = folder or cache_folder()
    jars = locked_jars()
    missing = [jar for jar in jars if not _present(folder / jar.filename, jar.size)]
    if missing:
        _download(missing, folder, progress)
    return [folder / jar.filename for jar in jars]


def _present(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _download(jars: list[Jar], folder: Path, progress: Progress | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            _progress_bar(progress, sum(jar.size for jar in jars)) as advance,
            tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as staging,
            ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool,
        ):
            list(pool.map(lambda jar: _fetch(jar, folder, Path(staging), advance), jars))
    except OSError as error:
        raise StackError(
            f"Cannot keep Kafka's jars in {folder} ({error}); free some space or set XDG_CACHE_HOME."
        ) from error


def _fetch(jar: Jar, folder: Path, staging: Path, advance: Callable[[int], None]) -> None:
    problem: object = None
    for attempt in range(ATTEMPTS):
        try:
            path = _ask_repositories(jar, staging / f"{jar.filename}-{attempt}", advance)
        except Exception as error:  # jgo lets every kind of network and parse error through
            problem = error
            continue
        if jar.matches(path):
            path.replace(folder / jar.filename)
            return
        problem = "its checksum is not the locked one"
    raise StackError(
        f"Cannot download {jar.coordinate} ({problem}); check the connection to Maven Central, or name a mirror in "
        f"the section [repositories] of ~/.config/jgo.conf, or copy the jars of {LOCK_FILE.name} to {folder}."
    )


def _ask_repositories(jar: Jar, repo_cache: Path, advance: Callable[[int], None]) -> Path:
    from jgo import MavenContext
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import PythonResolver

    @contextmanager
    def report(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    mirrors: dict[str, str] = GlobalSettings.load().repositories
    context = MavenContext(
        resolver=PythonResolver(progress_callback=report),
        repo_cache=repo_cache,
        remote_repos={**mirrors, "central": MAVEN_CENTRAL_URL},
        timeout=30,
    )
    group, artifact, version = jar.coordinate.split(":")
    return Path(context.project(group, artifact).at_version(version).artifact().resolve())


@contextmanager
def _progress_bar(progress: Progress | None, total: int) -> Iterator[Callable[[int], None]]:
    if progress is None:
        yield lambda _count: None
        return
    task = progress.add_task(f"Downloading Kafka {KAFKA_VERSION} (once)", total=total)
    lock = threading.Lock()

    def advance(count: int) -> None:
        with lock:
            progress.advance(task, count)

    yield advance
    progress.update(task, completed=total)
