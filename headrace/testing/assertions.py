"""Assertions about collections, text and errors, by the names that users of `absl.testing` know."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import json
import os
import re
import subprocess
import unittest
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn


class Assertions(unittest.TestCase):
    """unittest's test case with more to assert."""

    def fail(self, msg: Any = None, user_msg: Any = None) -> NoReturn:
        """Fails the test."""
        raise self.failureException(f"{msg}: {user_msg}" if user_msg else msg)

    def _check(self, holds: Any, what: str, msg: Any) -> None:
        if not holds:
            self.fail(what, msg)

    # ------------------------------------------------------------------------------------------------------ collections
    def assertEmpty(self, container: Any, msg: Any = None) -> None:
        self._check(not len(container), f"{container!r} has length of {len(container)}", msg)

    def assertNotEmpty(self, container: Any, msg: Any = None) -> None:
        self._check(len(container), f"{container!r} has length of 0", msg)

    def assertLen(self, container: Any, expected_len: int, msg: Any = None) -> None:
        self._check(
            len(container) == expected_len,
            f"{container!r} has length of {len(container)}, expected {expected_len}",
            msg,
        )

    def assertContainsSubset(self, expected_subset: Any, actual_set: Any, msg: Any = None) -> None:
        """Every expected element is there."""
        missing = [e for e in expected_subset if e not in actual_set]
        self._check(
            not missing, f"Missing elements {missing}\nExpected: {expected_subset}\nActual: {actual_set}", msg
        )

    def assertNoCommonElements(self, expected_seq: Any, actual_seq: Any, msg: Any = None) -> None:
        common = [e for e in expected_seq if e in actual_seq]
        self._check(
            not common, f"Common elements {common}\nExpected: {expected_seq}\nActual: {actual_seq}", msg
        )

    def assertSameElements(self, expected_seq: Any, actual_seq: Any, msg: Any = None) -> None:
        """Both have the same elements, however often and in whatever order."""
        missing = [e for e in expected_seq if e not in actual_seq]
        unexpected = [e for e in actual_seq if e not in expected_seq]
        self._check(not missing and not unexpected, f"Missing: {missing}\nUnexpected: {unexpected}", msg)

    def assertItemsEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Both have the same elements, as often, in whatever order."""
        self.assertCountEqual(first, second, msg)

    def assertSequenceStartsWith(self, prefix: Any, whole: Any, msg: Any = None) -> None:
        prefix = prefix if isinstance(prefix, Sequence) else [prefix]
        self._check(len(prefix), "Prefix length is 0.", msg)
        self._check(
            list(whole[: len(prefix)]) == list(prefix), f"{whole!r} does not start with {prefix!r}", msg
        )

    def assertContainsSubsequence(self, container: Any, subsequence: Any, msg: Any = None) -> None:
        """The elements of `subsequence` are in `container` in this order, others may stand between them."""
        rest = iter(container)
        found = all(any(e == c for c in rest) for e in subsequence)
        self._check(found, f"{subsequence!r} not a subsequence of {container!r}", msg)

    def assertContainsExactSubsequence(self, container: Any, subsequence: Any, msg: Any = None) -> None:
        """The elements of `subsequence` are in `container` in this order, with no others between them."""
        container, subsequence, n = list(container), list(subsequence), len(subsequence)
        found = any(container[i : i + n] == subsequence for i in range(len(container) - n + 1))
        self._check(found, f"{subsequence!r} not an exact subsequence of {container!r}", msg)

    def assertContainsInOrder(self, strings: Any, target: str, msg: Any = None) -> None:
        """`target` contains the strings one after the other."""
        at = 0
        for s in [strings] if isinstance(strings, str) else strings:
            found = target.find(s, at)
            self._check(found >= 0, f"Did not find {s!r} in its place in {target!r}", msg)
            at = found + len(s)

    def assertTotallyOrdered(self, *groups: Any, **kwargs: Any) -> None:
        """Elements of one group are equal, and less than those of the groups after it."""
        msg = kwargs.pop("msg", None)
        if kwargs:
            raise TypeError(f"assertTotallyOrdered() takes groups and `msg`. Received: {list(kwargs)}.")
        for i, group in enumerate(groups):
            for a, b in itertools.product(group, group):
                self._check(a == b and a <= b and not a < b, f"{a!r} does not equal {b!r}", msg)
            for later in groups[i + 1 :]:
                for a, b in itertools.product(group, later):
                    self._check(
                        a < b and b > a and a != b and not b <= a, f"{a!r} is not less than {b!r}", msg
                    )

    def assertMappingEqual(
        self,
        a: Any,
        b: Any,
        msg: Any = None,
        mapping_type: type = Mapping,
        check_values_equality: Callable[[Any, Any], bool] = lambda a, b: a == b,
    ) -> None:
        """Both are mappings of one kind with equal keys and values."""
        for m in (a, b):
            self.assertIsInstance(m, mapping_type, msg)
        self.assertCountEqual(a, b, msg)
        differ = {k: (a[k], b[k]) for k in a if not check_values_equality(a[k], b[k])}
        self._check(not differ, f"Different values (first, second): {differ}", msg)

    def assertDictAlmostEqual(
        self, a: Any, b: Any, places: Any = None, msg: Any = None, delta: Any = None
    ) -> None:
        """Dicts whose values are almost equal."""
        self.assertCountEqual(a, b, msg)
        for k in a:
            self.assertAlmostEqual(a[k], b[k], places, f"{k!r}: {msg or ''}", delta)

    def assertSequenceAlmostEqual(
        self,
        expected_seq: Any,
        actual_seq: Any,
        places: Any = None,
        msg: Any = None,
        delta: Any = None,
    ) -> None:
        """Sequences whose elements are almost equal."""
        self.assertLen(actual_seq, len(expected_seq), msg)
        for i, (a, b) in enumerate(zip(expected_seq, actual_seq)):
            self.assertAlmostEqual(a, b, places, f"Sequences differ at index {i}: {msg or ''}", delta)

    def assertSameStructure(
        self, a: Any, b: Any, aname: str = "a", bname: str = "b", msg: Any = None
    ) -> None:
        """Nested lists and dicts of equal values, compared place by place."""
        differences = list(_differences(a, b, aname, bname))
        self._check(not differences, "; ".join(differences), msg)

    def assertDataclassEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Dataclasses of one type with equal fields."""
        self.assertIs(type(first), type(second), msg)
        for f in dataclasses.fields(first):
            self.assertEqual(getattr(first, f.name), getattr(second, f.name), f"field {f.name}: {msg or ''}")

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: Any = None) -> None:
        self._check(minv <= value <= maxv, f"{value!r} unexpectedly not between {minv!r} and {maxv!r}", msg)

    def assertIsSubclass(self, cls: type, superclass: Any, msg: Any = None) -> None:
        self._check(issubclass(cls, superclass), f"{cls!r} is not a subclass of {superclass!r}", msg)

    def assertNotIsSubclass(self, cls: type, superclass: Any, msg: Any = None) -> None:
        self._check(not issubclass(cls, superclass), f"{cls!r} is a subclass of {superclass!r}", msg)

    # ------------------------------------------------------------------------------------------------------------- text
    def assertStartsWith(self, actual: str, expected_start: str, msg: Any = None) -> None:
        self._check(
            actual.startswith(expected_start), f"{actual!r} does not start with {expected_start!r}", msg
        )

    def assertNotStartsWith(self, actual: str, unexpected_start: str, msg: Any = None) -> None:
        self._check(
            not actual.startswith(unexpected_start), f"{actual!r} does start with {unexpected_start!r}", msg
        )

    def assertEndsWith(self, actual: str, expected_end: str, msg: Any = None) -> None:
        self._check(actual.endswith(expected_end), f"{actual!r} does not end with {expected_end!r}", msg)

    def assertNotEndsWith(self, actual: str, unexpected_end: str, msg: Any = None) -> None:
        self._check(not actual.endswith(unexpected_end), f"{actual!r} does end with {unexpected_end!r}", msg)

    def assertRegexMatch(self, actual_str: Any, regexes: Any, message: Any = None) -> None:
        """One of the regular expressions, at least, is found in the text."""
        if isinstance(regexes, (str, bytes)):
            self.fail("regexes is string or bytes; use assertRegex for one of them.", message)
        self._check(regexes, "No regexes specified.", message)
        found = any(re.search(r, actual_str, re.MULTILINE) for r in regexes)
        self._check(found, f"{actual_str!r} does not match any of {list(regexes)}", message)

    def assertJsonEqual(self, first: str, second: str, msg: Any = None) -> None:
        """Texts of JSON with equal contents."""
        self.assertSameStructure(json.loads(first), json.loads(second), "first", "second", msg)

    def assertUrlEqual(self, a: str, b: str, msg: Any = None) -> None:
        """URLs that differ in the order of their parameters at most."""
        one, two = (urllib.parse.urlparse(u) for u in (a, b))
        for part in ("scheme", "netloc", "path", "fragment", "params"):
            self.assertEqual(getattr(one, part), getattr(two, part), msg)
        queries = [sorted(urllib.parse.parse_qsl(u.query, True)) for u in (one, two)]
        self.assertEqual(queries[0], queries[1], msg)

    # ----------------------------------------------------------------------------------------------- errors and commands
    @contextlib.contextmanager
    def _raises_message(self, kind: Any, message: str) -> Iterator[None]:
        with self.assertRaises(kind) as caught:
            yield
        self._check(
            str(caught.exception) == message,
            f"Exception message does not match: {caught.exception!s} != {message}",
            None,
        )

    def assertRaisesWithLiteralMatch(
        self,
        expected_exception: Any,
        expected_exception_message: str,
        callable_obj: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """The error has exactly this message. A context manager, if no function to call is given."""
        context = self._raises_message(expected_exception, expected_exception_message)
        if callable_obj is None:
            return context
        with context:
            callable_obj(*args, **kwargs)
        return None

    def _run(self, command: Any, env: Any, close_fds: bool) -> tuple[int, bytes]:
        env = (
            None if env is None else {**env, **{k: os.environ[k] for k in ("SYSTEMROOT",) if k in os.environ}}
        )
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            close_fds=close_fds,
            shell=isinstance(command, str),
            check=False,
        )
        return done.returncode, done.stdout

    def assertCommandSucceeds(
        self, command: Any, regexes: Any = (b"",), env: Any = None, close_fds: bool = True, msg: Any = None
    ) -> None:
        """A command ends with 0, and its output matches one of the regular expressions."""
        code, output = self._run(command, env, close_fds)
        self._check(code == 0, f"{command!r} failed with exit code {code}: {output!r}", msg)
        self.assertRegexMatch(output, [r.encode() if isinstance(r, str) else r for r in regexes], msg)

    def assertCommandFails(
        self, command: Any, regexes: Any, env: Any = None, close_fds: bool = True, msg: Any = None
    ) -> None:
        """A command does not end with 0, and its output matches one of the regular expressions."""
        code, output = self._run(command, env, close_fds)
        self._check(code != 0, f"{command!r} did not fail.", msg)
        self.assertRegexMatch(output, [r.encode() if isinstance(r, str) else r for r in regexes], msg)

    # ----------------------------------------------------------------------------------------------------------- records
    def record_property(self, property_name: str, property_value: Any) -> None:
        """Notes something about the test, for reports."""
        self.__dict__.setdefault("_properties", collections.OrderedDict())[property_name] = str(
            property_value
        )

    def get_recorded_properties(self, subtest: Any = None) -> dict[str, Any]:
        """What the test noted."""
        return dict(self.__dict__.get("_properties", {}))


def _differences(a: Any, b: Any, at: str, other: str) -> Iterator[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for k in a:
            if k in b:
                yield from _differences(a[k], b[k], f"{at}[{k!r}]", f"{other}[{k!r}]")
            else:
                yield f"{at} has [{k!r}] with value {a[k]!r} but it's missing in {other}"
        yield from (f"{at} lacks [{k!r}] present in {other} with value {b[k]!r}" for k in b if k not in a)
    elif _is_list(a) and _is_list(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from _differences(x, y, f"{at}[{i}]", f"{other}[{i}]")
        if len(a) != len(b):
            yield f"{at} has length {len(a)} but {other} has length {len(b)}"
    elif a != b:
        yield f"{at} is {a!r} but {other} is {b!r}"


def _is_list(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes))
