"""`tf.compat.v1`: the 1.x interface. A name is 1.x's own where 1.x differs (the files `compat_v1_*.py`), else that of `tf`."""

from __future__ import annotations

from typing import Any

from .compat_v1_names import find, names


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__version__":
        raise AttributeError(name)
    value = globals()[name] = find(name)
    return value


def __dir__() -> list[str]:
    return names()
