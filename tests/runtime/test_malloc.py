"""Freed memory is used again, unless somebody said otherwise."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
from headrace import runtime
runtime.put(__import__("numpy").zeros(3))
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def block():
    return b"x" * (16 << 20)
for _ in range(3):
    block()
before = faults()
for _ in range(10):
    block()
print(faults() - before)
"""


def _faults(**settings: str) -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.parametrize(("name", "value"), [("HEADRACE_KEEP_MEMORY", "0"), ("MALLOC_ARENA_MAX", "1")])
def test_who_says_otherwise_is_asked_nothing(monkeypatch, name, value):
    from headrace.runtime import malloc

    monkeypatch.setattr(malloc.ctypes, "CDLL", lambda _: pytest.fail("the C library was asked"))
    monkeypatch.setenv(name, value)
    assert malloc.keep_freed_memory() is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc is asked")
def test_freed_memory_is_used_again():
    from headrace.runtime import malloc

    if not malloc.keep_freed_memory():
        pytest.skip("another allocator")
    assert _faults() < 100
    # An mmapped block is faulted in anew each time: with the C library's own settings only the first few are.
    assert _faults(MALLOC_MMAP_THRESHOLD_="131072", MALLOC_TRIM_THRESHOLD_="131072") > 10000
