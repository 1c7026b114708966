"""`tf.app`, `tf.flags`, `tf.logging` and `tf.gfile`: what a program of TensorFlow 1.x needs around its graph."""

from __future__ import annotations

from typing import Any

from headrace.session import flags, logs
from headrace.session.forms import form

_FLAGS = [
    "DEFINE_bool", "DEFINE_boolean", "DEFINE_enum", "DEFINE_enum_class", "DEFINE_float", "DEFINE_integer",
    "DEFINE_list", "DEFINE_multi_enum", "DEFINE_multi_float", "DEFINE_multi_integer", "DEFINE_multi_string",
    "DEFINE_spaceseplist", "DEFINE_string", "DuplicateFlagError", "Error", "FLAGS", "Flag", "FlagValues",
    "IllegalFlagValueError", "UnparsedFlagAccessError", "UnrecognizedFlagError", "ValidationError",
    "mark_flag_as_required", "mark_flags_as_required", "register_validator", "set_default", "validator",
]  # fmt: skip
_GFILE = {
    "Copy": ("copy", "oldpath>src newpath>dst overwrite"),
    "DeleteRecursively": ("rmtree", "dirname>path"),
    "Exists": ("exists", "filename>path"),
    "FastGFile": ("GFile", "name mode"),
    "Glob": ("glob", "filename>pattern"),
    "IsDirectory": ("isdir", "dirname>path"),
    "ListDirectory": ("listdir", "dirname>path"),
    "MakeDirs": ("makedirs", "dirname>path"),
    "MkDir": ("mkdir", "dirname>path"),
    "Remove": ("remove", "filename>path"),
    "Rename": ("rename", "oldname>src newname>dst overwrite"),
    "Stat": ("stat", "filename>path"),
    "Walk": ("walk", "top in_order>topdown"),
}
FUNCTIONS: dict[str, Any] = {
    **{f"flags.{n}": getattr(flags, n) for n in _FLAGS},
    **{f"app.flags.{n}": getattr(flags, n) for n in _FLAGS},
    "app.run": flags.run,
    **{f"logging.{n}": getattr(logs, n) for n in logs.__all__},
    **{f"gfile.{n}": form(n, f"io.gfile.{target}", words) for n, (target, words) in _GFILE.items()},
}
ROOT: list[str] = []
NAMES = {
    "app": ["run"],
    "app.flags": _FLAGS,
    "flags": _FLAGS,
    "gfile": list(_GFILE),
    "logging": logs.__all__,
}
__all__ = ["FUNCTIONS"]
