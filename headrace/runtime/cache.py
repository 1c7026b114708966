"""The compile cache on disk: what XLA compiled once, no later process compiles again."""

from __future__ import annotations

def enabled() -> bool:
    return False
