"""The job queue: procrastinate, in the same PostgreSQL as everything else.

`enqueue` puts a job into the caller's own transaction, so that it exists exactly when what it is about does. A worker
that dies leaves its job `doing`; `rescue` gives such jobs back to the living. Every task must bear to be run twice.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from sqlalchemy import Connection, text

from service.logs import logger
from service.settings import Settings

Argument = str | int | bool | None

STALLED_AFTER_S = 60.0
"""A worker not heard of for so long is taken for dead; it tells that it lives every ten seconds."""
LONGEST_WAIT_S = 600
MOST_ATTEMPTS = 200
"""Some 30 hours of waits: an object store that is away does not make a job give up."""
MOST_RESCUES = 20
"""A job that takes its worker down with it each time is given up after so many."""
FAILED_KEPT_HOURS = 30 * 24
CONCURRENCY = 2
DEFAULT, LONG = "default", "long"
"""The second is of what takes minutes: one at a time, beside the others, so that nothing short ever waits for it."""
OUTWARD = "outward"
"""Of what calls others' machines: many at a time, as each mostly waits for an answer."""
CONCURRENCY_OUTWARD = 8
AT_ONCE = CONCURRENCY + 1 + CONCURRENCY_OUTWARD

stopping = threading.Event()
"""Is set when a signal asks this process to stop: who is over a long job gives it up with StoppedError."""
_log = logger(__name__)
# never opened: each job goes through the connection of the transaction that it belongs to
_queue = App(connector=SyncPsycopgConnector())
_WAITING = text("SELECT 1 FROM procrastinate_jobs WHERE lock = :key AND status = 'todo' LIMIT 1")


class StoppedError(Exception):
    """The worker is asked to stop: the job goes back to the queue as it was."""


def demand_running() -> None:
    """Raise StoppedError when this process is asked to stop."""
    if stopping.is_set():
        raise StoppedError


def enqueue(
    connection: Connection, task: str, *, key: str | None = None, queue: str = DEFAULT, **arguments: Argument
) -> int | None:
    """Add a job to the transaction of `connection`; returns its number, None when one with its `key` waits already.

    Of the jobs with the same key one runs at a time, and of the long ones one for each worker.
    """
    # no queueing_lock: its unique index would refuse a failed job's retry while a twin waits
    if key and connection.execute(_WAITING, {"key": key}).scalar():
        return None
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return _queue.configure_task(task, connection=driver, lock=key, queue=queue).defer(**arguments)


class Patient(BaseRetryStrategy):
    """Try again after 1, 2, 4 ... seconds, at most ten minutes apart."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again, or None to give up."""
        if isinstance(exception, StoppedError):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts >= MOST_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": min(LONGEST_WAIT_S, 2 ** min(job.attempts, 10))})


def worker_queue(settings: Settings) -> App:
    """The queue as a worker sees it, which looks after itself; more tasks are added to it, then it is `run`."""
    # LISTEN needs a session of its own: behind a pooler that has none, the queue is polled
    direct = settings.prepared_statements
    options = {} if direct else {"prepare_threshold": None}
    connector = PsycopgConnector(
        conninfo=settings.database_conninfo,
        min_size=1,
        max_size=6,
        timeout=10.0,  # for a connection: without a database it is better to end, and be started again
        kwargs=options,
    )
    queue = App(connector=connector, worker_defaults={"listen_notify": direct})

    async def rescue_stalled(timestamp: int) -> None:
        await rescue(queue)

    async def forget_old(timestamp: int) -> None:
        await queue.job_manager.delete_old_jobs(nb_hours=FAILED_KEPT_HOURS, include_failed=True)

    # a lock would be kept by a dead worker's rescue, and no later one could ever start
    every(queue, "* * * * *", "rescue_stalled", rescue_stalled, alone=False)
    every(queue, "23 * * * *", "forget_old_jobs", forget_old)
    return queue


def every(queue: App, cron: str, name: str, work: Callable[..., Any], *, alone: bool = True) -> None:
    """Run `work(timestamp)` by the clock; not again while one run waits nor, when `alone`, while one is under way."""
    task = queue.task(name=name, queueing_lock=name, lock=name if alone else None)(work)
    queue.periodic(cron=cron)(task)


async def rescue(queue: App, stalled_after_s: float = STALLED_AFTER_S) -> int:
    """Give the jobs of dead workers back to the queue; returns how many there were."""
    stalled = list(await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_after_s))
    for job in stalled:
        _log.warning("a worker died over a job", job=job.task_name, job_id=job.id, attempt=job.attempts)
        await _give_back(queue, job)
    return len(stalled)


async def run(queue: App) -> bool:
    """Work until a signal asks to stop (True) or the queue can no longer be read (False, or an exception)."""
    stopping.clear()
    # a small machine's own pool of threads is smaller: who waits for others would keep the rest waiting
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))
    async with queue.open_async():
        await rescue(queue)
        works = [
            asyncio.create_task(_work(queue, [DEFAULT], CONCURRENCY)),
            asyncio.create_task(_work(queue, [LONG], 1)),
            asyncio.create_task(_work(queue, [OUTWARD], CONCURRENCY_OUTWARD)),
        ]
        _stop_by_signal(works)
        # one that ends by itself has lost its queue: so has the other
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        stopped = stopping.is_set()
        if not stopped:
            _stop(works)
        ended = await asyncio.gather(*works, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, Exception):
            raise fault
    return stopped


async def _work(queue: App, names: list[str], concurrency: int) -> None:
    await queue.run_worker_async(
        queues=names,
        concurrency=concurrency,
        delete_jobs="successful",
        shutdown_graceful_timeout=20.0,
        install_signal_handlers=False,
    )


async def _give_back(queue: App, job: Job) -> None:
    try:
        if job.attempts < MOST_RESCUES:
            await queue.job_manager.retry_job(job)
            return
    except UniqueViolation:
        pass  # the next run of a periodic task waits already
    await queue.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


def _stop_by_signal(works: Sequence[asyncio.Task[None]]) -> None:
    """The first signal lets short jobs end and long ones go back; the second is not waited for."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        _stop(works)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _stop(works: Sequence[asyncio.Task[None]]) -> None:
    stopping.set()
    for work in works:
        work.cancel()
