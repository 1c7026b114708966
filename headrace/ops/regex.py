"""RE2 patterns on Python's `re`.

TensorFlow documents RE2's syntax (https://github.com/google/re2/wiki/Syntax). Where Python's differs, the
pattern is rewritten: `\\z`, `$` at the very end only, `\\pN` and `\\p{Greek}`, POSIX classes, `\\Q…\\E`,
octal and `\\x{…}` escapes, flags in the middle of a group, `(?U)`, ASCII-only `\\d \\s \\w \\b`. What RE2
rejects (back-references, look-around, possessive quantifiers, counts above 1000) is rejected. Known
differences that stay: `\\C` (one byte) is not supported, and matching takes exponential time on pathological
patterns, which RE2 never does."""

from __future__ import annotations

import re
from functools import lru_cache

from headrace.core.errors import invalid

_PERL = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PLAIN_ESCAPES = {"a": r"\x07", "f": r"\f", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\v"}


class Invalid(Exception):
    """The pattern is not one of RE2's."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: bytes) -> re.Pattern[str]:
    """The compiled pattern; InvalidArgumentError if RE2 would not take it."""
    try:
        return re.compile(_Translator(pattern.decode()).translate())
    except (Invalid, re.error, UnicodeDecodeError, RecursionError, OverflowError) as error:
        text = pattern.decode(errors="replace")
        raise invalid(f"Invalid pattern: {text}, error: {error}") from None


class _Translator:
    """Reads an RE2 pattern once, from left to right, and writes Python's."""

    def __init__(self, pattern: str) -> None:
        self.text, self.at = pattern, 0
        self.out: list[str] = []
        self.flags = {"m": False, "U": False}
        # Per open group: the flags outside, scoped flag groups opened inside.
        self.saved: list[tuple[dict[str, bool], int]] = []
        # Per open group: `(?i:` and the like, opened by flags in the middle of it.
        self.scoped: list[list[str]] = [[]]

    def translate(self) -> str:
        while self.at < len(self.text):
            self._atom()
        if self.saved:
            raise Invalid(f"missing ): {self.text}")
        self.out.append(")" * len(self.scoped[0]))
        return "".join(self.out)

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise Invalid("trailing \\")
        c = self.text[self.at]
        self.at += 1
        return c

    def _atom(self) -> None:
        c = self._take()
        if c == "\\":
            self.out.append(self._escape())
        elif c == "[":
            self.out.append(self._class())
        elif c == "(":
            return self._group()
        elif c == ")":
            if not self.saved:
                raise Invalid(f"unexpected ): {self.text}")
            self.out.append(")" * len(self.scoped.pop()) + ")")
            self.flags = self.saved.pop()[0]
        elif c == "|":
            opened = self.scoped[-1]
            self.out.append(")" * len(opened) + "|" + "".join(opened))
            return None
        elif c == "^":
            self.out.append("(?m:^)" if self.flags["m"] else r"\A")
        elif c == "$":
            self.out.append("(?m:$)" if self.flags["m"] else r"\Z")
        elif c in "*+?" or re.compile(r"\{\d+(,\d*)?\}").match(self.text, self.at - 1):
            raise Invalid(f"no argument for repetition operator: {c}")
        else:
            self.out.append("." if c == "." else re.escape(c))
        return self._repetition()

    def _repetition(self) -> None:
        match = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}").match(self.text, self.at)
        if not match:
            return
        low, high = match[1], match[3]
        if low and (int(low) > 1000 or (high and (int(high) > 1000 or int(high) < int(low)))):
            raise Invalid(f"invalid repetition size: {match[0]}")
        self.at = match.end()
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        self.out.append(match[0] + ("?" if lazy != self.flags["U"] else ""))
        if re.compile(r"[*+?]|\{\d+(,\d*)?\}").match(self.text, self.at):
            raise Invalid(f"bad repetition operator: {self.text[match.start() : self.at + 1]}")

    def _group(self) -> None:
        name = re.compile(r"\?P<(\w+)>", re.ASCII).match(self.text, self.at)
        flags = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])").match(self.text, self.at)
        if name:
            self.at = name.end()
            self.out.append(f"(?P<{name[1]}>")
        elif flags:
            self.at = flags.end()
            return self._flags(flags[1], flags[2] or "", flags[3])
        elif self.text.startswith("?", self.at):
            raise Invalid(f"invalid perl operator: (?{self.text[self.at + 1 : self.at + 2]}")
        else:
            self.out.append("(")
        self.saved.append((dict(self.flags), 0))
        self.scoped.append([])
        return None

    def _flags(self, on: str, off: str, end: str) -> None:
        outside = dict(self.flags)
        for which, value in ((on, True), (off, False)):
            for flag in which:
                if flag in self.flags:
                    self.flags[flag] = value
        on, off = ("".join(sorted(set(f) & {"i", "s"})) for f in (on, off))
        opening = f"(?{on}{'-' + off if off else ''}:"
        if end == ":":
            self.out.append(opening)
            self.saved.append((outside, 0))
            self.scoped.append([])
        elif on or off:  # to the end of the surrounding group
            self.out.append(opening)
            self.scoped[-1].append(opening)

    def _escape(self) -> str:
        c = self._take()
        if c in "dsw":
            return f"[{_PERL[c]}]"
        if c in "DSW":
            return f"[^{_PERL[c.lower()]}]"
        if c in "bB":
            return f"(?a:\\{c})"
        if c == "A":
            return r"\A"
        if c == "z":
            return r"\Z"
        if c in "pP":
            return f"[{self._property(c)}]"
        if c == "Q":
            end = self.text.find("\\E", self.at)
            literal = self.text[self.at :] if end < 0 else self.text[self.at : end]
            self.at = len(self.text) if end < 0 else end + 2
            if len(literal) > 1:  # only the last character is repeated
                self.out.append(re.escape(literal[:-1]))
            return re.escape(literal[-1:])
        if c == "C":
            raise Invalid("\\C (a single byte) is not supported here; use '.', which matches a character")
        return self._character(c)

    def _character(self, c: str) -> str:
        """An escape that stands for one character."""
        if c in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[c]
        if c == "x":
            match = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})").match(self.text, self.at)
            if match:
                self.at = match.end()
                code = int(match[1] or match[2], 16)
                if code <= 0x10FFFF:
                    return f"\\U{code:08x}"
        elif c in "01234567":
            match = re.compile(r"[0-7]{0,2}").match(self.text, self.at)
            assert match is not None
            if c == "0" or match[0]:
                self.at = match.end()
                return f"\\U{int(c + match[0], 8):08x}"
        elif ord(c) < 128 and not c.isalnum():
            return re.escape(c)
        raise Invalid(f"invalid escape sequence: \\{c}")

    def _class(self) -> str:
        parts = ["["]
        if self.text.startswith("^", self.at):
            parts.append("^")
            self.at += 1
        first = True
        while True:
            if self.at >= len(self.text):
                raise Invalid(f"missing ]: {self.text}")
            if self.text[self.at] == "]" and not first:
                self.at += 1
                return "".join(parts) + "]"
            first = False
            parts.append(self._class_item())

    def _class_item(self) -> str:
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
        if posix:
            self.at = posix.end()
            if posix[2] not in _POSIX:
                raise Invalid(f"invalid character class range: {posix[0]}")
            return _complement(_POSIX[posix[2]]) if posix[1] else _POSIX[posix[2]]
        if self.text[self.at] == "\\" and self.at + 1 < len(self.text):
            c = self.text[self.at + 1]
            if c in "dswDSWpP":
                self.at += 2
                if c in "pP":
                    return self._property(c)
                return _PERL[c] if c.islower() else _complement(_PERL[c.lower()])
        low = self._class_character()
        if (
            self.text.startswith("-", self.at)
            and not self.text.startswith("-]", self.at)
            and self.at + 1 < len(self.text)
        ):
            self.at += 1
            high = self._class_character()
            return f"{low}-{high}"
        return low

    def _class_character(self) -> str:
        c = self._take()
        return self._character(self._take()) if c == "\\" else re.escape(c)

    def _property(self, letter: str) -> str:
        """The inside of a class for \\pN or \\p{Name}; \\P and \\p{^…} are the complement."""
        name = self._take()
        if name == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise Invalid("missing }")
            name, self.at = self.text[self.at : end], end + 1
        negative = (letter == "P") != name.startswith("^")
        ranges = _unicode_class(name.lstrip("^"))
        if ranges is None:
            raise Invalid(f"invalid character class range: \\{letter}{{{name}}}")
        return _complement(ranges) if negative else ranges


def _span(low: int, high: int) -> str:
    return f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}"


@lru_cache(maxsize=64)
def _complement(inside: str) -> str:
    """The inside of a class that matches what the given one does not."""
    inverse = re.compile(f"[{inside}]+")
    spans, start = [], 0
    alphabet = "".join(map(chr, range(0x110000)))
    for match in inverse.finditer(alphabet):
        if match.start() > start:
            spans.append(_span(start, match.start() - 1))
        start = match.end()
    if start < 0x110000:
        spans.append(_span(start, 0x10FFFF))
    return "".join(spans)


@lru_cache(maxsize=64)
def _unicode_class(name: str) -> str | None:
    """A general category (`L`, `Lu`), a script (`Greek`) or `Any`, as the inside of a class; None if there is
    no such one."""
    if name == "Any":
        return _span(0, 0x10FFFF)
    if len(name) <= 2:
        import unicodedata

        codes = [i for i in range(0x110000) if unicodedata.category(chr(i)).startswith(name)]
    else:
        from .unicode_scripts import NAMES, runs

        number = NAMES.get(name)
        codes = (
            []
            if number is None
            else [i for start, end, script in runs() if script == number for i in range(start, end)]
        )
    if not codes:
        return None
    spans, start, last = [], codes[0], codes[0]
    for code in (*codes[1:], 0x120000):
        if code != last + 1:
            spans.append(_span(start, last))
            start = code
        last = code
    return "".join(spans)


# ---------------------------------------------------------------------------------------------------- running
def decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def full_match(pattern: re.Pattern[str], text: bytes) -> bool:
    return pattern.fullmatch(decode(text)) is not None


def check_rewrite(pattern: re.Pattern[str], rewrite: bytes) -> list[str | int]:
    """A replacement, as literal text and numbers of groups (`\\0` is the whole match)."""
    parts: list[str | int] = []
    for literal, group, other in re.findall(r"([^\\]+)|\\([0-9])|\\(.?)", decode(rewrite), re.DOTALL):
        if literal:
            parts.append(literal)
        elif group:
            parts.append(int(group))
        elif other == "\\":
            parts.append("\\")
        else:
            raise invalid(
                f"Invalid rewrite pattern: {rewrite.decode(errors='replace')}: a backslash is followed by a "
                "digit or a backslash"
            )
    most = max([p for p in parts if isinstance(p, int)], default=0)
    if most > pattern.groups:
        raise invalid(
            f"Invalid rewrite pattern: {rewrite.decode(errors='replace')}: it refers to group {most}, but "
            f"the pattern has only {pattern.groups}"
        )
    return parts


def replace(pattern: re.Pattern[str], text: bytes, rewrite: list[str | int], everywhere: bool) -> bytes:
    """`text` with the first match (or all) replaced. As in RE2, an empty match directly behind another match
    does not count."""
    subject, out, done, at = decode(text), [], 0, 0
    last_end = -1
    while at <= len(subject):
        match = pattern.search(subject, at)
        if match is None:
            break
        start, end = match.span()
        if start == end == last_end:
            at = end + 1
            continue
        out.append(subject[done:start])
        out.extend([p if isinstance(p, str) else (match[p] or "") for p in rewrite])
        done = at = last_end = end
        if not everywhere:
            break
    out.append(subject[done:])
    return encode("".join(out))
