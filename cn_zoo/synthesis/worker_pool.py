"""Processes that draw batches beside a training run.

They are plain child processes that talk through pipes. `multiprocessing` would fork a process that may hold a
deep-learning framework's threads, or import the caller's main module (and with it the framework) into every worker.
"""

from __future__ import annotations

import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO

#: A batch is megabytes; through the usual pipe of 64 KiB it costs a change of process each time that is full.
_PIPE_BYTES = 2**20
#: How long a child that is about to end is waited for, in seconds.
_ENDING_S = 10.0


class WorkerPool:
    """Child processes that call a function, each beside the others.

    Args:
        draw: the function, of some module's own names; with arguments and results that can be pickled.
        processes: how many, at least 1.

    Raises:
        ValueError: fewer than one.
    """

    def __init__(self, draw: Callable[..., Any], processes: int) -> None:
        if processes < 1:
            raise ValueError(f"a pool has at least one process; received {processes}")
        self._children = [_start_child(draw) for _ in range(processes)]
        self._idle: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
        for child in self._children:
            self._idle.put(child)
        self._threads = ThreadPoolExecutor(processes)

    def submit(self, *arguments: Any) -> Future[Any]:
        """Call the function with these arguments, as soon as a child is idle.

        Returns:
            What gives the function's result, or raises RuntimeError where the child ended, killed or out of memory, in
            this call or one before; else whatever the call raised, or why arguments or result cannot be pickled, upon
            which the child is ended.
        """
        return self._threads.submit(self._draw, *arguments)

    def close(self) -> None:
        """Give up what has not begun, and end the children; these also end with this process in whatever way."""
        self._threads.shutdown(cancel_futures=True)
        for child in self._children:
            # The pipe of a child that has died cannot be flushed.
            with suppress(OSError):
                child.stdin.close()
        for child in self._children:
            child.wait()
            child.stdout.close()
        self._children = []

    def _draw(self, *arguments: Any) -> Any:
        child = self._idle.get()
        try:
            _send(child.stdin, arguments)
            answer = pickle.load(child.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            # Its pipe closes a little before it has ended.
            with suppress(subprocess.TimeoutExpired):
                child.wait(_ENDING_S)
            raise RuntimeError(f"a worker ended with exit code {_end(child)}; see its messages above") from error
        except BaseException:
            _end(child)
            raise
        finally:
            # An ended one too: who gets it is told so, instead of waiting for ever.
            self._idle.put(child)
        if isinstance(answer, Exception):
            raise answer
        return answer


def serve(draw: Callable[..., Any]) -> None:
    """Answer requests for what a function draws, from standard input on standard output until the input ends."""
    # Ctrl-C is the parent's business; its end closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            answer: Any = draw(*arguments)
        except Exception as error:
            answer = error
        _send(answers, answer)


def _start_child(draw: Callable[..., Any]) -> subprocess.Popen:
    imports = f"from cn_zoo.synthesis.worker_pool import serve; from {draw.__module__} import {draw.__name__}"
    program = f"import sys; sys.path[:] = {sys.path!r}; {imports}; serve({draw.__name__})"
    start = partial(subprocess.Popen, [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        return start(pipesize=_PIPE_BYTES)
    except PermissionError:  # so many large pipes no user may have
        return start()


def _end(child: subprocess.Popen) -> int:
    """Kill a child unless it has ended by itself; its exit code."""
    child.kill()
    # What is left of an answer would be taken for the next one.
    child.stdout.read()
    return child.wait()


def _send(pipe: BinaryIO, message: object) -> None:
    pickle.dump(message, pipe, protocol=5)
    pipe.flush()
