"""The composition root: builds the service and runs it."""

from pathlib import Path

from lendstream.events.base import Event
from lendstream.events.notification import NotificationEvent, NotificationFailed, NotificationSent, NotificationSkipped
from lendstream.runtime import metrics
from lendstream.runtime.service import Runtime, Service, run
from lendstream.runtime.settings import load
from lendstream.topics import CALENDAR, CUSTOMER, CUSTOMER_KEY, LOAN
from lendstream_notifications import api, handlers, rules
from lendstream_notifications.recipients import Recipients
from lendstream_notifications.sender import Sender
from lendstream_notifications.settings import NotificationSettings
from lendstream_notifications.store import Contacts, Plans
from lendstream_notifications.transports import Transport
from lendstream_notifications.transports.mail import MailServer
from lendstream_notifications.transports.sms import SmsGateway
from lendstream_notifications.wording import Wording

MIGRATIONS = Path(__file__).parent / "migrations"
_OUTCOMES: dict[type[Event], str] = {
    NotificationSent: "sent",
    NotificationSkipped: "skipped",
    NotificationFailed: "failed",
}


def build(settings: NotificationSettings) -> Service:
    """The service, from its settings."""
    contacts, plans, found = Contacts(), Plans(), rules.load()
    recipients = Recipients(settings.vault)
    wording = Wording(settings.lender_name, settings.help_contact)

    async def send(runtime: Runtime, transport: Transport) -> None:
        await Sender(
            runtime.pool,
            runtime.unit_of_work,
            transport,
            recipients=recipients,
            wording=wording,
            rules=found,
            pace=settings.pace,
        ).run()

    return Service(
        name="notifications",
        settings=settings,
        topics=(LOAN, CUSTOMER, CUSTOMER_KEY, CALENDAR),
        routes=handlers.routes(contacts, plans, found),
        migrations=MIGRATIONS,
        day=handlers.day_step(plans, found),
        api=lambda runtime: api.router(runtime, settings.token_holders),
        background=(
            lambda runtime: send(runtime, sms_gateway(settings)),
            lambda runtime: send(runtime, mail_server(settings)),
        ),
        published=dict.fromkeys(_OUTCOMES, _count),
    )


def sms_gateway(settings: NotificationSettings) -> SmsGateway:
    """The way texts go."""
    return SmsGateway(
        settings.sms_url,
        settings.sms_token.get_secret_value(),
        timeout=settings.send_timeout_seconds,
        at_once=settings.sms_at_once,
    )


def mail_server(settings: NotificationSettings) -> MailServer:
    """The way mails go."""
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_from,
        timeout=settings.send_timeout_seconds,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
    )


def _count(event: Event) -> None:
    if isinstance(event, NotificationEvent):
        metrics.NOTIFICATIONS.labels(_OUTCOMES[type(event)], event.kind).inc()


def main() -> None:
    """Run until SIGTERM."""
    run(build(load(NotificationSettings)))


if __name__ == "__main__":
    main()
