"""The module that `import tensorflow` gives to programs of TensorFlow 1.x (`headrace run --v1`)."""

from __future__ import annotations

import functools
import importlib
import sys
from types import ModuleType
from typing import Any

from headrace import hook
from headrace.api.compat_v1_names import Namespace, find, names

from . import older, private
from .result_names import as_of_1_15

VERSION = "1.15.0"  # the last 1.x: programs that ask, ask for at least something
_OWN = {"__version__": VERSION, "VERSION": VERSION}
_ABSENT = {
    "keras": "Keras 3 needs the interface of TensorFlow 2 below it. Run the program with `headrace run`, without --v1.",
    "estimator": "Estimators are not part of Headrace. tf.train.MonitoredTrainingSession runs such loops.",
}


class Root(ModuleType):
    """`tensorflow`, as of 1.15: `tf.compat.v1`, `tf.contrib` and older names."""

    def __init__(self) -> None:
        super().__init__("tensorflow", "TensorFlow 1.x on Headrace.")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in _OWN:
            raise AttributeError(name)
        value = look(name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*names(), *_OWN, "compat", "contrib", *(n for n in older.NAMES if "." not in n)})


def look(name: str) -> Any:
    """The object of a dotted name below `tf`.

    Raises:
      AttributeError: there is none."""
    if name in _OWN:
        return _OWN[name]
    if name in _ABSENT:
        raise AttributeError(
            f"module 'tensorflow' (1.x, on Headrace) has no attribute {name!r}. {_ABSENT[name]}"
        )
    if name.partition(".")[0] == "contrib":
        value: Any = importlib.import_module("headrace.v1.contrib")
        for part in name.split(".")[1:]:
            value = getattr(value, part)
        return value
    if name == "compat.v1":
        return module()
    if name in older.NAMES:
        value = older.NAMES[name]
        return look(value) if isinstance(value, str) else value
    try:
        value = find(name)
    except AttributeError:
        raise AttributeError(f"module 'tensorflow' (1.x, on Headrace) has no attribute {name!r}") from None
    return Namespace(name, look) if isinstance(value, Namespace) else as_of_1_15(name, value)


@functools.cache
def module() -> Root:
    """The one root module."""
    return Root()


def find_module(fullname: str) -> Any:
    """What `import fullname` gives, for names below `tensorflow`; None where there is nothing.

    Raises:
      ModuleNotFoundError: a part of `tf.contrib` that is not here, with what is known about it."""
    part = fullname.split(".")[1]
    if part in _ABSENT:
        raise ModuleNotFoundError(
            f"There is no {fullname!r} (1.x, on Headrace). {_ABSENT[part]}", name=fullname
        )
    found = private.find(fullname, look)
    if found is not None:
        return found
    value: Any = module()
    try:
        for part in fullname.split(".")[1:]:
            value = getattr(value, part)
    except AttributeError as error:
        if fullname.startswith("tensorflow.contrib."):
            raise ModuleNotFoundError(str(error), name=fullname) from None
        return hook.find_module(fullname)
    return value if isinstance(value, ModuleType) else None


class _Absent:
    """Says of parts of `tf.contrib` that are not here what to do instead: `from tensorflow.contrib import learn` looks for
    a module where `contrib` lies, and would say only that there is none."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        package, _, part = fullname.rpartition(".")
        if package == "headrace.v1.contrib":
            from . import contrib

            raise ImportError(contrib.absence(part), name=fullname)


def install() -> None:
    """Makes this process one of TensorFlow 1.x: `import tensorflow` gives `module()`, and graphs are built.

    Raises:
      RuntimeError: another TensorFlow (or Headrace in its place) was imported before."""
    if sys.modules.get("tensorflow") is module():
        return
    hook.answer(module(), find_module)
    sys.meta_path.append(_Absent())  # last: asked only for what is nowhere
    look("disable_v2_behavior")()
