"""Work that is done ahead, by threads or processes, and handed out in its order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    submit: Callable[[_Item], Future[_Result]], items: Iterable[_Item], ahead: int
) -> Iterator[Future[_Result]]:
    """The futures of items, in the items' order. What was submitted and is not asked for is the caller's to cancel.

    Args:
        submit: begins the work on an item; may raise, which ends the iteration.
        items: asked for one by one, so that there may be any number of them.
        ahead: how many are submitted beyond the one that is handed out; few, where results are large.
    """
    waiting: deque[Future[_Result]] = deque()
    for item in items:
        waiting.append(submit(item))
        if len(waiting) > ahead:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()
