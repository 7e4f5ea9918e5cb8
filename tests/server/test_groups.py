"""Group commit, without a database: who waits, and who is told what."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from tests.server.messages import NOW, ping

from exitpoll_server.store import Arrival, BusyError, groups
from exitpoll_server.store.groups import Groups, Waiting

ARRIVAL = Arrival(message=ping(), channel="agent", received_at=NOW)


@pytest.mark.parametrize(("patience", "tries"), [(0.0, 1), (60.0, 2)])
def test_a_long_wait_in_vain_speaks_for_all_that_came_meanwhile(
    monkeypatch: pytest.MonkeyPatch, patience: float, tries: int
) -> None:
    """They are refused with it, and wait no longer; after a short one they are tried."""
    monkeypatch.setattr(groups, "PATIENCE_SECONDS", patience)
    begun, others_wait = threading.Event(), threading.Event()
    tried: list[int] = []

    def commit(group: Sequence[Waiting]) -> None:
        tried.append(len(group))
        begun.set()
        assert others_wait.wait(10)
        time.sleep(0.001)
        raise BusyError

    queue = Groups(commit)
    first = queue.submit(1, ARRIVAL)
    assert begun.wait(10)
    others = [queue.submit(1, ARRIVAL) for _ in range(3)]
    others_wait.set()
    assert all(isinstance(one.exception(10), BusyError) for one in (first, *others))
    assert tried == [1, 3][:tries]
    queue.close()
