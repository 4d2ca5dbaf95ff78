"""A prediction job on all cores."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread

from cn_zoo.cli._prediction import Job, Result, Source, Worker
from cn_zoo.errors import InputError
from cn_zoo.in_order import in_order

#: Below so many files the workers would take longer to start than to work.
WORTH_WORKERS = 64
#: Windows waits for no more than 61 at once.
_CORES = min(61, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def in_parallel(job: Job, work: list[Source]) -> Generator[Result, None, None]:
    """Do a job on all cores, results in the sources' order, few at a time: memory stays constant.

    Processes, because reading and localising mostly hold Python's lock. Spawned: a fork would copy running threads.

    Raises:
        InputError: a worker process died.
    """
    pool = ProcessPoolExecutor(min(_CORES, len(work)), get_context("spawn"), _start_worker, (job,))

    def submit(source: Source) -> Future[Result]:
        # Submitting starts the processes.
        with _interrupts_held():
            return pool.submit(_run_worker, source)

    try:
        for done in in_order(submit, work, 4 * _CORES):
            yield done.result()
    except BrokenProcessPool:
        raise InputError(
            "a worker process died, perhaps for want of memory; "
            f"go on with the sources that have no record, fewer than {WORTH_WORKERS} at once to do without workers"
        ) from None
    finally:
        # After Ctrl-C nobody waits for the rest.
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait. Processes that are started meanwhile never see it, not even before `_start_worker`."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(job: Job) -> None:
    """In a worker process: load the model once. Ctrl-C is the parent's affair: a worker that it ends hangs the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := parent_process():
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    global _worker
    _worker = Worker(job)


def _end_with(parent: BaseProcess) -> None:
    """A parent that was killed takes nothing back, and ends nobody."""
    parent.join()
    os._exit(1)


def _run_worker(source: Source) -> Result:
    """In a worker process: do one source."""
    return _worker(source)
