"""Apache Kafka as one process: KRaft, broker and controller in one, on 127.0.0.1 alone."""

from __future__ import annotations

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lendstream_local.home import HOST
from lendstream_local.jars import kafka_classpath
from lendstream_local.java import find_java
from lendstream_local.server import Server, run

if TYPE_CHECKING:
    from rich.progress import Progress

HEAP = "512m"
# A broker that lives for minutes never earns back what optimising itself costs: half of its time, on a small machine.
JVM = [
    *(f"-Xmx{HEAP}", "-Xms256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
    "-Djava.awt.headless=true",
]

# One node keeps everything once; internal topics are small so that a start is quick. A broker that was killed is let
# in again only when the session of the one before has run out: with the default of 9 s that start takes 12 s.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={host}:{controller_port}
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=5
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=16777216
"""

# Kafka prints its whole configuration at each start; that is of no use here.
LOGGING = """\
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
appender.out.name=out
appender.out.type=Console
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %m (%c{1})%n
logger.config.name=org.apache.kafka.common.config
logger.config.level=WARN
logger.kafkaconfig.name=kafka.server.KafkaConfig
logger.kafkaconfig.level=WARN
"""


class Kafka(Server):
    """The broker. It keeps its cluster id and its records over stops and kills."""

    name = "kafka"

    @property
    def port(self) -> int:
        return self.config.kafka_port

    @property
    def folder(self) -> Path:
        return self.home.path / "kafka"

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def marks(self) -> frozenset[str]:
        return frozenset({"kafka.Kafka", str(self.properties)})

    def prepare(self, progress: Progress | None) -> None:
        kafka_classpath(progress)
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        config = self.config
        self.properties.write_text(
            PROPERTIES.format(host=HOST, port=config.kafka_port, controller_port=config.controller_port, data=data)
        )
        (self.folder / "log4j2.properties").write_text(LOGGING)
        if not (data / "meta.properties").exists():
            # 16 bytes in URL-safe base64; the first letter is fixed, for a "-" there reads as an option.
            cluster_id = "L" + urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
            options = ["format", "--standalone", "--cluster-id", cluster_id, "--config", str(self.properties)]
            run(self._java("kafka.tools.StorageTool", *options), "Formatting Kafka's data folder", env=self._env())

    def launch(self, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._java("kafka.Kafka", str(self.properties)),
            env=self._env(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is not for the server
        )

    def ready(self, output: str) -> bool:
        return "Kafka Server started" in output

    def ask_to_stop(self, process: psutil.Process) -> None:
        process.terminate()

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return [str(find_java()), *JVM, logging, main_class, *arguments]

    def _env(self) -> dict[str, str]:
        # The class path goes by the environment, so that `ps` stays readable.
        return {**os.environ, "CLASSPATH": os.pathsep.join(str(jar) for jar in kafka_classpath())}
