"""What the C library does with memory that was freed.

A program's temporary memory is allocated when it starts and freed when it ends, and a batch's when it is read. The C library
returns blocks of that size to the operating system each time, and the next one is made of new pages: a fault each, a tenth
to a third of a training step (benchmarks, `keras-*-fit`: transformer 480 → 340 ms, ResNet-50 660 → 580 ms). So we ask it
to keep them: blocks of up to `KEPT` bytes, `MOST` bytes at the end of the heap. (In the main thread. The heaps of other threads
cannot hold blocks of more than 64 MB; one heap for all would, but threads then wait for it: forward pass of a CNN 2.7 → 2.9 ms.)
Allocators other than glibc's are left alone, and so is a process with settings of its own (`MALLOC_…_`, `GLIBC_TUNABLES`) or with
`HEADRACE_KEEP_MEMORY=0`.

See mallopt(3)."""

from __future__ import annotations

import ctypes
import os
import sys

KEPT = 512 << 20
MOST = 1 << 30
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's names for them
_OLD_LIMIT = 32 << 20  # what older versions take at most


def keep_freed_memory() -> bool:
    """Asks for it; whether that was possible, and wanted."""
    settings = any(name.startswith("MALLOC_") for name in os.environ) or "malloc" in os.environ.get(
        "GLIBC_TUNABLES", ""
    )
    if not sys.platform.startswith("linux") or settings or os.environ.get("HEADRACE_KEEP_MEMORY") == "0":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    kept = library.mallopt(_MMAP_THRESHOLD, KEPT) or library.mallopt(_MMAP_THRESHOLD, _OLD_LIMIT)
    return bool(kept and library.mallopt(_TRIM_THRESHOLD, MOST))
