"""The worker: `python -m service.worker` does what the queue and the clock ask for, until a signal stops it.

It ends with 1 when PostgreSQL goes away; whoever keeps it alive starts it again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from procrastinate import App
from sqlalchemy import select

from schemas.problems import Refused
from service import answers, jobs, notifying
from service.accounts import directory, magic_links, one_time, roster_doors, sign_in
from service.accounts.apps import models as app_codes
from service.accounts.apps.leave import scopes_of
from service.accounts.models import tenant
from service.database import Database
from service.hints import Hints
from service.integrations.push import today
from service.integrations.roster import previews
from service.integrations.roster.running import Runner
from service.integrations.webhooks import deliveries, sending
from service.integrations.webhooks.following import SEND, Webhooks, send_soon
from service.integrations.webhooks.notices import Notices
from service.logs import configure, logger
from service.mail import outbox as mail
from service.mail import sending as posting
from service.media import clips, erasure, processing, sweep, taking_in, transcoding
from service.media.antivirus import Clamd
from service.media.patience import WORKER
from service.media.record import CUT, TRANSCODE, VERIFY
from service.media.store import Store
from service.outbound import Outbound
from service.portability import exports
from service.records import KINDS, expiry, overtaken, read_log
from service.sealing import WEBHOOK_SECRETS, Seal
from service.settings import Settings
from sync.changes import Status
from sync.clock import Now, system_now
from sync.server import deadlines, purge
from sync.server.actor import system_actor
from sync.server.push import Door

GIVES_WAY = 10
"""Nice: who asks the API is waiting, and nobody waits for the worker."""
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """What the tasks stand on, and the tasks. Each may be run twice, or stopped anywhere and run again."""

    settings: Settings
    database: Database
    door: Door
    store: Store
    now: Now = system_now
    scanner: Clamd | None = None
    outbound: Outbound = field(default_factory=Outbound)

    def tenants(self) -> list[UUID]:
        """Every tenant of the installation."""
        with self.database.begin_reference() as connection:
            return list(connection.execute(select(tenant.c.id).order_by(tenant.c.id)).scalars())

    def verify_media(self, tenant_id: str, media_id: str) -> None:
        """Check an uploaded file and make of it what can be shown at once."""
        processing.verify(self.database, self.door, self.store, UUID(tenant_id), media_id, self.scanner)

    def transcode_media(self, tenant_id: str, media_id: str) -> None:
        """Make everything of a recording that takes long."""
        transcoding.transcode(self.database, self.door, self.store, UUID(tenant_id), media_id)

    def cut_clip(self, tenant_id: str, media_id: str) -> None:
        """Cut a piece of a recording that somebody keeps."""
        clips.cut(self.database, self.door, self.store, UUID(tenant_id), media_id)

    def make_export(self, tenant_id: str, export_id: str) -> None:
        """Write everything of a person's to one file."""
        exports.make(self.database, KINDS, self.store, UUID(tenant_id), UUID(export_id), self.now)

    def forget_exports(self, tenant_id: UUID) -> bool:
        """Forget that exports were asked for."""
        with self.database.begin(tenant_id) as connection:
            exports.forget_old(connection, tenant_id, self.now())
        return False

    def send_webhooks(self, tenant_id: str, webhook_id: str) -> None:
        """Tell an endpoint what waits for it."""
        seal = Seal(self.settings.secret_key, WEBHOOK_SECRETS)
        told = Notices(directory.address_of if self.settings.mail_from else lambda *_: None)
        sender = sending.Sender(self.database, self.outbound, seal, scopes_of, told, self.now)
        sender.send(UUID(tenant_id), UUID(webhook_id))

    def take_up_webhooks(self, tenant_id: UUID) -> bool:
        """Have endpoints told again whose deliveries are due once more."""
        with self.database.begin(tenant_id) as connection:
            for webhook_id in deliveries.due(connection, tenant_id, self.now()):
                send_soon(connection, tenant_id, webhook_id)
        return False

    def forget_deliveries(self, tenant_id: UUID) -> bool:
        """Forget a batch of deliveries that ended long ago; True when there may be more."""
        with self.database.begin(tenant_id) as connection:
            return deliveries.purge(connection, tenant_id, self.now())

    def forget_answers(self, tenant_id: UUID) -> bool:
        """Forget a batch of answers that were kept for a day; True when there may be more."""
        with self.database.begin(tenant_id) as connection:
            return answers.purge(connection, tenant_id, self.now())

    def send_mail(self, tenant_id: str, mail_id: str) -> None:
        """Send a mail."""
        posting.send(self.database, self.settings, UUID(tenant_id), UUID(mail_id), self.now)

    def send_sign_in_link(self, asked: str) -> None:
        """Mail a link to sign in by, if the address is somebody's; without a sender to nobody."""
        notifying.send_sign_in_link(self.settings, self.database, asked, self.now)

    def send_calendar_invites(self, tenant_id: UUID) -> bool:
        """Tell guests by mail what became of their seats; True when there may be more. Without a sender nobody is told."""
        return notifying.send_calendar_invites(self.settings, self.database, tenant_id, self.now)

    def push_today(self, tenant_id: UUID) -> bool:
        """Have devices woken for what matters today."""
        with self.database.begin(tenant_id) as connection:
            today.tell(connection, tenant_id, self.now())
        return False

    def send_push(
        self, tenant_id: str, subscription_id: str, collection: str, record_id: str, until: float
    ) -> None:
        """Wake a device."""
        sender = notifying.push_sender(self.settings, self.database, self.outbound, self.now)
        sender.send(UUID(tenant_id), UUID(subscription_id), (collection, record_id), until)

    def send_digests(self, tenant_id: UUID) -> bool:
        """Mail the digests whose hour has come; without a sender they wait."""
        notifying.send_digests(self.settings, self.database, tenant_id, self.now)
        return False

    def take_up_mail(self, tenant_id: UUID) -> bool:
        """Have mails sent whose jobs gave up."""
        posting.take_up(self.database, self.settings, tenant_id, self.now)
        return False

    def forget_mail(self, tenant_id: UUID) -> bool:
        """Forget mails that were sent a month ago."""
        with self.database.begin(tenant_id) as connection:
            mail.forget(connection, tenant_id, self.now())
        return False

    def take_up_clips(self, tenant_id: UUID) -> bool:
        """Have clips cut whose recording is ready by now."""
        with self.database.begin(tenant_id) as connection:
            clips.take_up(connection, self.door, tenant_id)
        return False

    def erase_media(self, tenant_id: UUID) -> bool:
        """Erase the files of what was deleted, ran out, or lost its consent; True when there may be more."""
        return erasure.erase(self.database, self.door, self.store, tenant_id)

    def expire(self, tenant_id: UUID) -> bool:
        """End what is due by the clock; True when more may be due."""
        with self.database.begin(tenant_id) as connection:
            due = expiry.due(connection, tenant_id, self.now())
            outcomes = self.door.push(connection, system_actor(tenant_id), due) if due else []
        # what was refused stays due: it must not be asked for again and again
        return len(due) == expiry.MOST and any(outcome.status is Status.APPLIED for outcome in outcomes)

    def follow_grants(self, tenant_id: UUID) -> bool:
        """Let people's records, and what others read because of them, follow roles that began or ended by the clock."""
        with self.database.begin(tenant_id) as connection:
            due = overtaken.due(connection, tenant_id, self.now())
            outcomes = self.door.push(connection, system_actor(tenant_id), due) if due else []
        return len(due) == overtaken.MOST and any(outcome.status is Status.APPLIED for outcome in outcomes)

    def give_up_held(self, tenant_id: UUID) -> bool:
        """Reject changes that waited too long for their parents; True when there were some."""
        with self.database.begin(tenant_id) as connection:
            return deadlines.give_up(connection, self.door, tenant_id, self.now()) > 0

    def fold_read_log(self, tenant_id: UUID) -> bool:
        """Tell hosts who read; True when more may be noted."""
        with self.database.begin(tenant_id) as connection:
            return read_log.fold(connection, self.door, tenant_id, self.now()) > 0

    def purge_inbox(self, tenant_id: UUID) -> bool:
        """Forget raw pushes older than 30 days; True when there may be more."""
        with self.database.begin(tenant_id) as connection:
            return purge.raw_pushes(connection, tenant_id, self.now())

    def purge(self, tenant_id: UUID) -> bool:
        """Throw away a batch of tombstones, of receipts and of old words; True when there may be more."""
        with self.database.begin(tenant_id) as connection:
            more = purge.tombstones(connection, tenant_id)
        for work in (purge.receipts, purge.unread_words, purge.old_words):
            with self.database.begin(tenant_id) as connection:
                more = work(connection, tenant_id, self.now()) or more
        return more

    def raise_horizon(self, tenant_id: UUID) -> bool:
        """Say which tombstones may go: they go the next night, when no pull is left that was let in before."""
        with self.database.begin(tenant_id) as connection:
            purge.mark_clock(connection, tenant_id, self.now())
            purge.raise_horizon(connection, tenant_id, self.now())
        return False

    def sweep_uploads(self, tenant_id: UUID) -> bool:
        """Give up uploads that nobody ends, and take up files whose check was given up."""
        with self.database.begin(tenant_id) as connection:
            sweep.take_up(connection, self.door, tenant_id, self.now())
        return sweep.abandon(self.database, self.door, self.store, tenant_id, self.now()) == sweep.BATCH

    def take_in(self, tenant_id: UUID) -> bool:
        """Have files checked that arrived without a word."""
        taking_in.take_in(self.database, self.door, self.store, tenant_id, self.now())
        return False

    def tidy_store(self, tenant_id: UUID) -> bool:
        """Delete objects that no record stands for."""
        sweep.tidy(self.database, self.store, tenant_id, self.now())
        return False

    def forget_secrets(self, timestamp: int) -> None:
        """Forget sign-ins that nobody ended, and codes of old."""
        with self.database.begin_reference() as connection:
            one_time.forget_old(connection, self.now())
            sign_in.forget_old(connection, self.now())

    def forget_app_codes(self, timestamp: int) -> None:
        """Forget the codes of others' apps that are of no use any more."""
        with self.database.begin_reference() as connection:
            app_codes.forget_old(connection, self.now())

    def for_each_tenant(self, work: Callable[[UUID], bool]) -> Callable[[int], None]:
        """A task that does `work` for every tenant until it says that it is done; one that fails spoils no other."""

        def task(timestamp: int) -> None:
            faults = [fault for tenant_id in self.tenants() if (fault := _until_done(work, tenant_id))]
            if faults:
                raise faults[0]

        return task

    def queue(self) -> App:
        """The queue with all our tasks."""
        queue = jobs.worker_queue(self.settings)
        queue.task(name=VERIFY, retry=jobs.Patient())(self.verify_media)
        queue.task(name=TRANSCODE, retry=jobs.Patient())(self.transcode_media)
        queue.task(name=CUT, retry=jobs.Patient())(self.cut_clip)
        queue.task(name=exports.MAKE_EXPORT, retry=jobs.Patient())(self.make_export)
        rosters = Runner(self.database, self.door, roster_doors, self.store, self.now)
        queue.task(name=previews.PLAN, retry=jobs.Patient())(rosters.plan)
        queue.task(name=previews.APPLY, retry=jobs.Patient())(rosters.apply)
        queue.task(name=SEND, retry=jobs.Patient())(self.send_webhooks)
        queue.task(name=mail.SEND, retry=jobs.Patient())(self.send_mail)
        queue.task(name=today.SEND, retry=jobs.Patient())(self.send_push)
        queue.task(name=magic_links.SEND, retry=jobs.Patient())(self.send_sign_in_link)
        by_the_clock: tuple[tuple[str, Callable[[UUID], bool]], ...] = (
            ("* * * * *", self.follow_grants),
            ("* * * * *", self.fold_read_log),
            ("* * * * *", self.take_up_clips),
            ("* * * * *", self.take_in),
            ("* * * * *", self.erase_media),
            ("* * * * *", self.take_up_webhooks),
            ("* * * * *", self.send_calendar_invites),
            ("* * * * *", self.push_today),
            ("*/5 * * * *", self.expire),
            ("*/5 * * * *", self.give_up_held),
            ("*/10 * * * *", self.take_up_mail),
            ("*/10 * * * *", self.send_digests),
            ("11 * * * *", self.purge_inbox),
            ("11 * * * *", self.sweep_uploads),
            ("11 * * * *", self.forget_answers),
            ("11 * * * *", rosters.forget_rosters),
            ("17 3 * * *", self.tidy_store),
            ("17 3 * * *", self.forget_exports),
            ("29 3 * * *", self.purge),
            ("29 3 * * *", self.forget_deliveries),
            ("29 3 * * *", self.forget_mail),
            ("41 3 * * *", self.raise_horizon),
        )
        for cron, work in by_the_clock:
            jobs.every(queue, cron, work.__name__, self.for_each_tenant(work))
        jobs.every(queue, "7 * * * *", "forget_secrets", self.forget_secrets)
        jobs.every(queue, "13 * * * *", "forget_app_codes", self.forget_app_codes)
        return queue


def make_worker(settings: Settings, now: Now = system_now) -> Worker:
    """A worker over these settings; no connection is opened yet."""
    database = Database(
        settings.database_url,
        prepared_statements=settings.prepared_statements,
        pool_size=jobs.AT_ONCE + 1,
        told=Hints(settings.live_hint_socket),
    )
    scanner = Clamd(settings.clamd) if settings.clamd else None
    door = Door(KINDS, now, Webhooks(scopes_of))
    outbound = Outbound(settings.development)
    return Worker(settings, database, door, Store(settings, WORKER), now, scanner, outbound)


def main() -> int:
    """Work until a signal comes: 0. 1 when there is nothing to work on."""
    os.nice(GIVES_WAY)
    settings = Settings.from_environment()
    configure(settings.log_level)
    worker = make_worker(settings)
    set_up_bucket(settings)
    try:
        worker.tenants()  # without a database the queue would wait half a minute before it says so
        return 0 if asyncio.run(jobs.run(worker.queue())) else 1
    except Exception as fault:
        _log.error("the worker stops", exc_info=fault)
        return 1
    finally:
        worker.database.dispose()


def _until_done(work: Callable[[UUID], bool], tenant_id: UUID) -> Exception | None:
    try:
        while work(tenant_id):
            pass
    except Exception as fault:
        _log.error("a task failed for a tenant", job=work.__name__, tenant_id=tenant_id, exc_info=fault)
        return fault
    return None


def set_up_bucket(settings: Settings) -> None:
    """Make the bucket if there is none; everything but media can be done without the store."""
    try:
        Store(settings).set_up(settings.pages)
    except Refused:
        _log.warning("the bucket could not be looked for")


if __name__ == "__main__":
    sys.exit(main())
