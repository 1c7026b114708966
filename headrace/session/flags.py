"""Command-line flags as programs of TensorFlow 1.x define them: `tf.app.flags.DEFINE_integer("steps", 100, "…")`.

They are those of `absl.flags`, in the same registry: a flag that one part of a program defines with `absl.flags` and
another reads as `tf.flags.FLAGS.name` is one flag. Two things are added here, which programs of 1.x rely on: `FLAGS`
reads the command line by itself when a flag's value is first asked for, and `run` leaves flags that it does not know
to the program.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags as absl

# Taken from absl as they are.
_SAME = [
    "DEFINE", "DEFINE_alias", "DEFINE_enum", "DEFINE_enum_class", "DEFINE_flag", "DEFINE_list", "DEFINE_multi", "DEFINE_multi_enum",
    "DEFINE_multi_enum_class", "DEFINE_multi_float", "DEFINE_multi_integer", "DEFINE_multi_string", "DEFINE_spaceseplist",
    "ArgumentParser", "ArgumentSerializer", "BaseListParser", "BooleanFlag", "BooleanParser", "CantOpenFlagFileError",
    "CsvListSerializer", "DuplicateFlagError", "EnumClassFlag", "EnumClassListSerializer", "EnumClassParser", "EnumClassSerializer",
    "EnumFlag", "EnumParser", "Error", "Flag", "FlagHolder", "FlagNameConflictsWithMethodError", "FlagValues", "FloatParser",
    "IllegalFlagValueError", "IntegerParser", "ListParser", "ListSerializer", "MultiEnumClassFlag", "MultiFlag",
    "UnparsedFlagAccessError", "UnrecognizedFlagError", "ValidationError", "WhitespaceSeparatedListParser",
    "adopt_module_key_flags", "declare_key_flag", "disclaim_key_flags", "doc_to_help", "flag_dict_to_args", "get_help_width",
    "mark_bool_flags_as_mutual_exclusive", "mark_flag_as_required", "mark_flags_as_mutual_exclusive", "mark_flags_as_required",
    "multi_flags_validator", "override_value", "register_multi_flags_validator", "register_validator", "set_default", "text_wrap",
    "validator",
]  # fmt: skip

absl.disclaim_key_flags()  # a flag that is defined through this module belongs to the module that called it


class _Flags(absl.FlagValues):
    """The flags of `absl.flags.FLAGS`, which read the command line when the first value is asked for."""

    def __init__(self) -> None:
        object.__setattr__(self, "__dict__", absl.FLAGS.__dict__)  # one state under two classes

    def __getattr__(self, name: str) -> Any:
        if name in self and not self.is_parsed():
            self(sys.argv)
        return super().__getattr__(name)


FLAGS = _Flags()

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_names(define: Callable[..., Any]) -> Callable[..., Any]:
    """`define`, which also takes its arguments by the names that they had before TensorFlow 1.5."""

    @functools.wraps(define)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return define(*args, **{_OLD_NAMES.get(name, name): value for name, value in kwargs.items()})

    return wrapper


_OLDER = ["DEFINE_string", "DEFINE_boolean", "DEFINE_bool", "DEFINE_float", "DEFINE_integer"]
NAMES: dict[str, Any] = {
    "FLAGS": FLAGS,
    **{name: getattr(absl, name) for name in _SAME},
    **{name: _with_old_names(getattr(absl, name)) for name in _OLDER},
}


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> None:
    """`tf.app.run`: reads the flags, calls `main` with the rest of the command line and exits with what it returns.

    Args:
      main: a function of a list of strings, the program's name first; the program's own `main` if not given.
      argv: the command line; `sys.argv` if not given. Flags that nobody defined are left in it.
    """
    from absl import app

    app.run(
        main or sys.modules["__main__"].main,  # type: ignore[attr-defined]
        argv=None if argv is None else list(argv),
        flags_parser=lambda words: FLAGS(words, known_only=True),
    )
