"""The Faust application: what is consumed, where state is held, and how Faust is set up."""

import logging

from mode.supervisors import CrashingSupervisor

from lendstream.topics import APPLICATION, LOAN
from lendstream_risk.settings import RiskSettings
from lendstream_risk.tables import SafeTables, StateTable
from lendstream_risk.transport import App

SOURCES = (APPLICATION.name, LOAN.name)
"""Keyed by customer, with the same number of partitions: a customer's events meet in one worker."""


def new_app(settings: RiskSettings) -> App:
    """The application, without its agent."""
    folder = settings.data_dir.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    quiet_faust()
    app = App(
        settings.consumer_group,
        broker=[f"kafka://{address}" for address in settings.kafka_bootstrap.split(",")],
        broker_client_id=settings.consumer_group,
        consumer_group_instance_id=settings.instance,
        broker_commit_interval=0.5,
        broker_commit_every=5_000,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=20.0,
        datadir=str(folder),
        store=_store(settings),
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=True,
        stream_buffer_maxsize=16_384,
        agent_supervisor=CrashingSupervisor,
        TableManager=SafeTables,
        Table=StateTable,
        cython_optimizations=True,
        web_enabled=False,
        autodiscover=False,
    )
    app.sources = frozenset(SOURCES)
    return app


def _store(settings: RiskSettings) -> str:
    return "memory://" if settings.store == "memory" else "rocksdb://?driver=rocksdict"


def quiet_faust() -> None:
    """Faust formats log lines for every record at DEBUG, and tables of offsets at INFO."""
    for name in ("faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.getLogger().level, logging.INFO))
