"""`tf.logging` and `tf.gfile`: what a program of TensorFlow 1.x needs around its graph."""

from __future__ import annotations

from typing import Any

from headrace.session import logs
from headrace.session.forms import form

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
    **{f"logging.{n}": getattr(logs, n) for n in logs.__all__},
    **{f"gfile.{n}": form(n, f"io.gfile.{target}", words) for n, (target, words) in _GFILE.items()},
}
ROOT: list[str] = []
NAMES = {
    "gfile": list(_GFILE),
    "logging": logs.__all__,
}
__all__ = ["FUNCTIONS"]
