"""Children that end, and answers that cannot be read."""

import importlib

import pytest

from cn_zoo.synthesis.worker_pool import WorkerPool

TASKS = """
import os, time

def echo(value):
    return value

def end(code):
    os.close(1)  # as the system does before a process is gone
    time.sleep(0.5)
    os._exit(code)

class Unreadable(Exception):
    def __init__(self, one, other):
        super().__init__(one)

def raise_unreadable(value):
    if value == "unreadable":
        raise Unreadable(1, 2)
    return value
"""


@pytest.fixture
def pool_of(tmp_path, monkeypatch):
    """From a task's name to a pool of one child that does it."""
    (tmp_path / "tasks_of_workers.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    tasks, pools = importlib.import_module("tasks_of_workers"), []

    def make(task):
        pools.append(WorkerPool(getattr(tasks, task), 1))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def test_an_ended_workers_exit_code_is_told(pool_of):
    pool = pool_of("end")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="ended with exit code 7"):
            pool.submit(7).result()


@pytest.mark.parametrize(
    ("task", "bad"),
    [("raise_unreadable", "unreadable"), ("echo", lambda: "not to be pickled")],
    ids=["answer", "arguments"],
)
def test_a_broken_exchange_is_never_gone_on_with(pool_of, task, bad):
    pool = pool_of(task)
    assert pool.submit(1).result() == 1
    with pytest.raises(Exception, match=r"missing 1 required positional argument|pickle") as told:
        pool.submit(bad).result()
    assert not isinstance(told.value, RuntimeError)
    with pytest.raises(RuntimeError, match="a worker ended with exit code -9"):
        pool.submit(2).result()
