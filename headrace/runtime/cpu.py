"""What this machine's processor can do."""

from __future__ import annotations

import platform
from functools import cache


@cache
def features() -> tuple[str, ...]:
    """The processor's architecture and its instruction-set extensions, sorted."""
    flags: set[str] = set()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() in ("flags", "Features"):
                    flags.update(value.split())
                    break
    except OSError:  # not Linux: the processor's name has to do
        flags.add(platform.processor())
    return (platform.machine(), *sorted(flags))


def has(feature: str) -> bool:
    return feature in features()
