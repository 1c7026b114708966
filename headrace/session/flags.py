"""Command-line flags as programs of TensorFlow 1.x define them: `tf.app.flags.DEFINE_integer("steps", 100, "…")`."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any


class Error(Exception):
    """The base of all errors of flags."""


class IllegalFlagValueError(Error):
    """A flag was given a value that it does not take."""


class UnrecognizedFlagError(Error):
    """There is no flag of that name."""

    def __init__(self, flagname: str, flagvalue: str = "", suggestions: Sequence[str] | None = None) -> None:
        self.flagname, self.flagvalue = flagname, flagvalue
        tip = f". Did you mean: {', '.join(suggestions)} ?" if suggestions else ""
        super().__init__(f"Unknown command line flag '{flagname}'{tip}")


class DuplicateFlagError(Error):
    """A flag was defined twice."""


class UnparsedFlagAccessError(Error):
    """A flag's value was asked for before the command line was read."""


class ValidationError(Error):
    """A validator did not accept a flag's value."""


class Flag:
    """One flag: its name, default and value, and how its text is read.

    Args:
      parse: text -> value; ValueError where it is none.
      boolean: `--name` sets it and `--noname` clears it.
      multi: every occurrence adds a value to a list.
    """

    def __init__(
        self, name: str, default: Any, help: str | None, parse: Callable[[str], Any], *, short_name: str | None = None,
        boolean: bool = False, multi: bool = False, required: bool = False, kind: str = "a string",
    ) -> None:  # fmt: skip
        self.name, self.help, self.short_name, self.kind = name, help or "", short_name, kind
        self.boolean, self.multi, self.required = boolean, multi, required
        self._parse = parse
        self.validators: list[tuple[Callable[[Any], bool], str]] = []
        self.present = 0
        self.default = self.value = self._checked(default)

    def _checked(self, value: Any) -> Any:
        if value is None:
            return None
        if self.multi:
            values = value if isinstance(value, (list, tuple)) else [value]
            return [self.read(v) for v in values]
        return self.read(value)

    def read(self, value: Any) -> Any:
        """A value of this flag's kind; IllegalFlagValueError says what is expected."""
        try:
            return self._parse(value)
        except (TypeError, ValueError) as error:
            raise IllegalFlagValueError(
                f"flag --{self.name}={value}: expected {self.kind} ({error})"
            ) from None

    def parse(self, text: str) -> None:
        """Takes an occurrence on the command line."""
        value = self.read(text)
        if self.multi:
            self.value = [*(self.value if self.present else []), value]
        else:
            self.value = value
        self.present += 1

    def validate(self) -> None:
        if self.required and self.value is None:
            raise IllegalFlagValueError(
                f"flag --{self.name}=None: Flag --{self.name} must have a value other than None."
            )
        for accepts, message in self.validators:
            if not accepts(self.value):
                raise IllegalFlagValueError(f"flag --{self.name}={self.value}: {message}")


class FlagValues:
    """All flags of a program: `FLAGS.name` is a flag's value. The command line is read when it is first needed, or by
    calling it: `FLAGS(sys.argv)` gives what is left."""

    def __init__(self) -> None:
        self.__dict__["_flags"] = {}
        self.__dict__["_parsed"] = False

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Reads the flags in `argv`; returns it without them.

        Raises:
          UnrecognizedFlagError: there is no such flag (unless `known_only`).
          IllegalFlagValueError: a value is of the wrong kind.
        """
        if isinstance(argv, (str, bytes)) or not argv:
            raise TypeError("argv should be a list or tuple of strings, the program's name first.")
        rest, words = [argv[0]], iter(argv[1:])
        for word in words:
            if word == "--":
                rest.extend(words)
                break
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, value = word.lstrip("-").partition("=")
            flag, cleared = self._find(name)
            if flag is None:
                if name in ("help", "helpfull", "helpshort"):
                    sys.stdout.write(self.get_help() + "\n")
                    sys.exit(1)
                if not known_only:
                    raise UnrecognizedFlagError(name, value, self._close(name))
                rest.append(word)
            elif flag.boolean:
                flag.parse("false" if cleared else value if equals else "true")
            elif equals:
                flag.parse(value)
            else:
                following = next(words, None)
                if following is None:
                    raise Error(f"Missing value for flag --{name}")
                flag.parse(following)
        self.mark_as_parsed()
        self.validate_all_flags()
        return rest

    def _find(self, name: str) -> tuple[Flag | None, bool]:
        flags = self._flags
        if name in flags:
            return flags[name], False
        short = next((f for f in flags.values() if f.short_name == name), None)
        if short is not None:
            return short, False
        positive = flags.get(name[2:]) if name.startswith("no") else None
        return (positive, True) if positive is not None and positive.boolean else (None, False)

    def _close(self, name: str) -> list[str]:
        import difflib

        return difflib.get_close_matches(name, self._flags, 3)

    def _read_command_line(self) -> None:
        if not self._parsed:
            self(sys.argv, known_only=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        flag = self._flags.get(name)
        if flag is None:
            raise AttributeError(name)
        self._read_command_line()
        return flag.value

    def __setattr__(self, name: str, value: Any) -> None:
        flag = self._flags.get(name)
        if flag is None:
            raise AttributeError(f"There is no flag {name!r}: define it first.")
        flag.value = value
        flag.present += 1
        flag.validate()

    def __delattr__(self, name: str) -> None:
        if self._flags.pop(name, None) is None:
            raise AttributeError(name)

    def __getitem__(self, name: str) -> Flag:
        return self._flags[name]

    def __contains__(self, name: str) -> bool:
        return name in self._flags

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)

    def __len__(self) -> int:
        return len(self._flags)

    def __dir__(self) -> list[str]:
        return sorted(self._flags)

    def add(self, flag: Flag) -> None:
        """Defines a flag; DuplicateFlagError if there is one of that name."""
        if flag.name in self._flags:
            raise DuplicateFlagError(f"The flag '{flag.name}' is defined twice.")
        self._flags[flag.name] = flag

    def is_parsed(self) -> bool:
        return self._parsed

    def mark_as_parsed(self) -> None:
        self.__dict__["_parsed"] = True

    def unparse_flags(self) -> None:
        """Forgets the command line: all flags have their defaults."""
        for flag in self._flags.values():
            flag.value, flag.present = flag.default, 0
        self.__dict__["_parsed"] = False

    def set_default(self, name: str, value: Any) -> None:
        """Gives a flag another default, which is its value unless the command line has another."""
        flag = self._flags[name]
        flag.default = flag._checked(value)
        if not flag.present:
            flag.value = flag.default

    def validate_all_flags(self) -> None:
        for flag in self._flags.values():
            flag.validate()

    def flag_values_dict(self) -> dict[str, Any]:
        """Values by name."""
        return {name: flag.value for name, flag in self._flags.items()}

    def get_help(self) -> str:
        """What `--help` prints."""
        lines = []
        for name in sorted(self._flags):
            flag = self._flags[name]
            shown = f"--[no]{name}" if flag.boolean else f"--{name}"
            lines += [f"  {shown}: {flag.help}", f"    (default: {flag.default!r})"]
        return "\n".join(lines)


FLAGS = FlagValues()


def _boolean(text: Any) -> bool:
    if isinstance(text, bool):
        return text
    value = str(text).lower()
    if value in ("true", "t", "1", "yes", "y"):
        return True
    if value in ("false", "f", "0", "no", "n"):
        return False
    raise ValueError("not a boolean")


def _number(kind: Callable[[Any], Any], lower: Any, upper: Any) -> Callable[[Any], Any]:
    def parse(text: Any) -> Any:
        value = kind(text) if not (kind is int and isinstance(text, str)) else int(text, 0)
        if (lower is not None and value < lower) or (upper is not None and value > upper):
            raise ValueError(f"must be between {lower} and {upper}")
        return value

    return parse


def _words(text: Any) -> list[str]:
    if isinstance(text, (list, tuple)):
        return list(text)
    return [w.strip() for w in next(csv.reader(io.StringIO(text), strict=True), [])]


def _definer(
    make: Callable[..., Callable[[Any], Any]], kind: str, takes: Sequence[str] = (), **fixed: Any
) -> Callable[..., Any]:
    def define(
        name: str, default: Any, *args: Any, flag_values: FlagValues = FLAGS, short_name: str | None = None,
        required: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        names = [*takes[:lead], "help", *takes[lead:]]
        if len(args) > len(names):
            raise TypeError(f"A flag takes a name, a default and {', '.join(names)}.")
        given = dict(zip(names, args))
        for key, value in kwargs.items():
            if key not in names:
                raise TypeError(f"A flag of {kind} takes no argument {key!r}; it takes {', '.join(names)}.")
            given[key] = value
        help_text = given.pop("help", None)
        parse = make(**given)
        flag_values.add(
            Flag(
                name, default, help_text, parse, short_name=short_name, required=required, kind=kind, **fixed
            )
        )

    lead = 1 if takes and takes[0] in ("enum_values", "enum_class") else 0
    define.__doc__ = f"Defines a flag whose value is {kind}: `DEFINE(name, default, help)`."
    return define


_BOUNDS = ("lower_bound", "upper_bound")


def _of(kind: Callable[[Any], Any]) -> Callable[..., Callable[[Any], Any]]:
    return lambda lower_bound=None, upper_bound=None: _number(kind, lower_bound, upper_bound)


def _choice(enum_values: Sequence[str], case_sensitive: bool = True) -> Callable[[Any], Any]:
    def parse(text: Any) -> str:
        for value in enum_values:
            if text == value or (not case_sensitive and str(text).lower() == value.lower()):
                return value
        raise ValueError(f"value should be one of <{'|'.join(enum_values)}>")

    return parse


def _member(enum_class: Any, case_sensitive: bool = False) -> Callable[[Any], Any]:
    names = {m.name if case_sensitive else m.name.lower(): m for m in enum_class}

    def parse(text: Any) -> Any:
        if isinstance(text, enum_class):
            return text
        found = names.get(text if case_sensitive else str(text).lower())
        if found is None:
            raise ValueError(f"value should be one of <{'|'.join(names)}>")
        return found

    return parse


DEFINE_string = _definer(lambda: str, "a string")
DEFINE_integer = _definer(_of(int), "an integer", _BOUNDS)
DEFINE_float = _definer(_of(float), "a number", _BOUNDS)
DEFINE_bool = DEFINE_boolean = _definer(lambda: _boolean, "a boolean", boolean=True)
DEFINE_enum = _definer(_choice, "one of its values", ("enum_values", "case_sensitive"))
DEFINE_enum_class = _definer(_member, "one of its values", ("enum_class", "case_sensitive"))
DEFINE_list = _definer(lambda: _words, "a comma-separated list")
DEFINE_spaceseplist = _definer(
    lambda: lambda t: list(t) if isinstance(t, (list, tuple)) else t.split(), "a list of words"
)
DEFINE_multi_string = _definer(lambda: str, "a string", multi=True)
DEFINE_multi_integer = _definer(_of(int), "an integer", _BOUNDS, multi=True)
DEFINE_multi_float = _definer(_of(float), "a number", _BOUNDS, multi=True)
DEFINE_multi_enum = _definer(_choice, "one of its values", ("enum_values", "case_sensitive"), multi=True)


def mark_flag_as_required(flag_name: str, flag_values: FlagValues = FLAGS) -> None:
    """The command line must have the flag."""
    flag_values[flag_name].required = True


def mark_flags_as_required(flag_names: Sequence[str], flag_values: FlagValues = FLAGS) -> None:
    """The command line must have the flags."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def register_validator(
    flag_name: str,
    checker: Callable[[Any], bool],
    message: str = "Flag validation failed",
    flag_values: FlagValues = FLAGS,
) -> None:
    """The flag's value must be one that `checker` accepts."""
    flag_values[flag_name].validators.append((checker, message))


def validator(
    flag_name: str, message: str = "Flag validation failed", flag_values: FlagValues = FLAGS
) -> Any:
    """`register_validator` as a decorator."""

    def decorate(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        register_validator(flag_name, function, message, flag_values)
        return function

    return decorate


def set_default(flag_name: str, value: Any, flag_values: FlagValues = FLAGS) -> None:
    """Gives a flag another default."""
    flag_values.set_default(flag_name, value)


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> None:
    """`tf.app.run`: reads the flags, calls `main(what is left)` (the program's own `main`, if not given) and exits."""
    rest = FLAGS(list(argv or sys.argv), known_only=True)
    if main is None:
        main = sys.modules["__main__"].main  # type: ignore[attr-defined]
    sys.exit(main(rest))
