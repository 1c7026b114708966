"""Fixtures of the runtime's tests: a cache of one's own, and Python programs in a process of their own."""

import os
import subprocess
import sys
import textwrap

import pytest
from runtime.programs import ROOT


@pytest.fixture
def cache_dir(tmp_path, monkeypatch):
    """A compile cache of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(folder))
    monkeypatch.delenv("HEADRACE_CACHE", raising=False)
    monkeypatch.delenv("HEADRACE_CACHE_SIZE", raising=False)
    return folder


@pytest.fixture
def python():
    """Runs a program in a fresh interpreter and returns what it prints; fails with its output if it fails."""

    def run(program, **environment):
        result = subprocess.run(
            [sys.executable, "-W", "error::DeprecationWarning", "-c", textwrap.dedent(program)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stderr == "", result.stderr  # the runtime is quiet
        return result.stdout

    return run
