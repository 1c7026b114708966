"""Clusters as programs of 1.x name them (`tf.compat.v1.train`, `.distribute`), and the queue runners' namespace."""

from __future__ import annotations

from typing import Any

from headrace.session.device_setter import replica_device_setter
from headrace.session.queue_runner import QueueRunner, add_queue_runner, start_queue_runners
from headrace.session.server import Server

FUNCTIONS: dict[str, Any] = {
    "train.Server": Server,
    "train.replica_device_setter": replica_device_setter,
    "train.queue_runner.QueueRunner": QueueRunner,
    "train.queue_runner.add_queue_runner": add_queue_runner,
    "train.queue_runner.start_queue_runners": start_queue_runners,
}
ROOT: list[str] = []
NAMES = {
    "train": ["Server", "replica_device_setter"],
    "train.queue_runner": ["QueueRunner", "add_queue_runner", "start_queue_runners"],
}
__all__ = ["FUNCTIONS"]
