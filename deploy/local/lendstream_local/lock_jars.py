"""Resolve Kafka's jars anew and write their lock: `python -m lendstream_local.lock_jars`, after a version change."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from lendstream_local.jars import KAFKA_VERSION, LOCK_FILE

SERVER = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# What Kafka's own release adds so that it logs at all. Its version is that of log4j-core among the server's jars.
# It is resolved apart, without what it depends on: beside the server, its parent's versions would win over Kafka's.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
HEADER = "# The jars of a Kafka server: sha256, bytes, group:artifact:version. Written by lendstream_local.lock_jars."


def main() -> None:
    import jgo

    lines = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        for artifact in [*jgo.resolve(SERVER), jgo.resolve(LOGGING)[0]]:
            artifact.context.repo_cache = Path(folder)
            content = Path(artifact.resolve()).read_bytes()
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content)} {coordinate}")
    LOCK_FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
