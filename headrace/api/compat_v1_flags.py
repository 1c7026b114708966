"""`tf.app` and `tf.flags`: the command line of a program of TensorFlow 1.x."""

from __future__ import annotations

from typing import Any

from headrace.session import flags

FUNCTIONS: dict[str, Any] = {
    **{f"flags.{name}": value for name, value in flags.NAMES.items()},
    **{f"app.flags.{name}": value for name, value in flags.NAMES.items()},
    "app.run": flags.run,
}
ROOT: list[str] = []
NAMES = {
    "app": ["run"],
    "app.flags": list(flags.NAMES),
    "flags": list(flags.NAMES),
}
__all__ = ["FUNCTIONS"]
