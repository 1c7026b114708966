"""`slim.queues`: a context in which queue runners run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.core.graph import get_default_graph
from headrace.session.coordinator import Coordinator
from headrace.session.keys import GraphKeys
from headrace.session.queue_runner import start_queue_runners


@contextmanager
def QueueRunners(session: Any) -> Iterator[list[threading.Thread]]:
    """Runs the graph's queue runners; at the end of the context they are stopped.

    Raises:
      ValueError: the graph has none."""
    if not get_default_graph().get_collection(GraphKeys.QUEUE_RUNNERS):
        raise ValueError("There are no queue runners in the graph.")
    coordinator = Coordinator()
    threads = start_queue_runners(session, coordinator)
    try:
        yield threads
    finally:
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=120)
