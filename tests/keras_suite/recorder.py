"""A pytest plugin for the processes that run Keras's tests: writes what happens to each test, as it happens, so that a
process that dies or hangs still tells how far it came.

$KERAS_SUITE_RECORD is the file (JSON lines), $KERAS_SUITE_SKIP lists tests that are not to be run (one per line)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_record = Path(os.environ["KERAS_SUITE_RECORD"])


def _write(**entry: Any) -> None:
    with _record.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def pytest_configure(config: Any) -> None:
    config.addinivalue_line("markers", "requires_trainable_backend: the backend can train (ours can)")
    config.addinivalue_line("markers", "multi_device: wants several devices")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    listed = os.environ.get("KERAS_SUITE_SKIP")
    if not listed:
        return
    done = set(Path(listed).read_text().splitlines())
    items[:] = [item for item in items if item.nodeid not in done]


def pytest_runtest_logstart(nodeid: str, location: Any) -> None:
    _write(test=nodeid, started=True)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: Any) -> None:
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = crash.message if crash else str(report.longrepr)
        _write(test=report.nodeid, outcome="failed", seconds=report.duration, message=text[:600])
    elif report.when == "call" or (report.when == "setup" and report.skipped):
        # Skipping is what Keras decides for itself; an expected failure counts as one too.
        _write(test=report.nodeid, outcome="skipped" if report.skipped else "passed", seconds=report.duration)


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        _write(test=report.nodeid, outcome="failed", message=str(report.longrepr)[-600:])
