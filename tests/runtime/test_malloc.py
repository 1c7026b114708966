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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc is asked")
@pytest.mark.parametrize(
    "settings", [{"HEADRACE_KEEP_MEMORY": "0"}, {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}]
)  # fmt: skip
def test_freed_memory_is_used_again(settings):
    from headrace.runtime import malloc

    if not malloc.keep_freed_memory():
        pytest.skip("another allocator")
    assert _faults() < 100
    # An mmapped block is faulted in anew each time: with the C library's own settings only the first few are.
    assert _faults(**{"MALLOC_MMAP_THRESHOLD_": "131072", **settings}) > 10000
