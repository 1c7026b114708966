"""Assertions about tensors, and values made of them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from headrace.core import errors
from headrace.core.tensor import Tensor

from .assertions import Assertions

_SHOWN = 10  # offending elements that a message lists


class Comparing(Assertions):
    """A test case that compares tensors. What is compared may be tensors, arrays, Python values, and nests of them."""

    def evaluate(self, tensors: Any) -> Any:
        """The values of a nest of tensors, as NumPy arrays."""
        raise NotImplementedError

    def _array(self, value: Any) -> np.ndarray:
        value = self.evaluate(value)
        if isinstance(value, np.ndarray):
            array = value
        elif _is_sparse(value):
            dense = np.zeros(value.dense_shape, value.values.dtype)
            dense[tuple(value.indices.T)] = value.values
            array = dense
        else:
            array = np.array(value)
        if array.dtype.kind == "U":
            array = np.char.encode(array, "utf8")
        if array.dtype.kind == "O" and array.size and isinstance(array.reshape(-1)[0], (bytes, str)):
            array = np.array([v.encode() if isinstance(v, str) else v for v in array.reshape(-1)]).reshape(
                array.shape
            )
        return array

    # ----------------------------------------------------------------------------------------------------------- closeness
    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None) -> None:
        """Both are nests of one structure, of arrays of one shape with `|a - b| <= atol + rtol * |b|` everywhere.

        NaN is close to NaN. Ragged values are compared by their rows."""
        if _is_ragged(a) or _is_ragged(b):
            a, b = self._rows(a), self._rows(b)
        self._close(a, b, rtol, atol, msg, "")

    def _close(self, a: Any, b: Any, rtol: float, atol: float, msg: Any, path: str) -> None:
        a, b = (x._asdict() if hasattr(x, "_asdict") and not _is_sparse(x) else x for x in (a, b))
        where = f" at {path}" if path else ""
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            self.fail(f"Can't compare {type(a)} with {type(b)}{where}: one is a dict, the other is not.", msg)
        if isinstance(a, Mapping):
            self.assertCountEqual(
                list(a), list(b), f"mismatched keys{where}: a has {list(a)}, but b has {list(b)}. {msg or ''}"
            )
            for k in a:
                self._close(a[k], b[k], rtol, atol, msg, f"{path}[{k!r}]")
            return
        if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
            arrays = self._as_arrays(a, b)
            if arrays is None:
                a, b = (list(x) for x in (a, b))
                self._check(
                    len(a) == len(b),
                    f"Mismatched length{where}: a has {len(a)} items, but b has {len(b)} items.",
                    msg,
                )
                for i, (x, y) in enumerate(zip(a, b)):
                    self._close(x, y, rtol, atol, msg, f"{path}[{i}]")
                return
            a, b = arrays
        self._arrays_close(self._array(a), self._array(b), rtol, atol, msg, where)

    def _as_arrays(self, a: Any, b: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Lists as arrays of numbers; None if they are not of that form."""
        try:
            one, two = self._array(a), self._array(b)
        except (ValueError, TypeError):
            return None
        return None if "O" in (one.dtype.kind, two.dtype.kind) else (one, two)

    def _arrays_close(
        self, a: np.ndarray, b: np.ndarray, rtol: float, atol: float, msg: Any, where: str
    ) -> None:
        self._same_shape(a, b, msg, where)
        a, b = (x.astype(np.float32) if x.dtype.kind == "V" else x for x in (a, b))  # bfloat16 and its kin
        if "S" in (a.dtype.kind, b.dtype.kind):
            self._equal(a, b, msg)
            return
        if not np.allclose(a, b, rtol, atol, equal_nan=True):
            apart = ~np.isclose(a, b, rtol, atol, equal_nan=True)
            x, y = (v.astype(np.float64) if v.dtype.kind in "biu" else v for v in (a, b))
            difference, bound = np.abs(x - y)[apart], (atol + rtol * np.abs(y))[apart]
            self.fail(
                f"\nNot equal to tolerance rtol={rtol:g}, atol={atol:g}\nMismatched value{where}: a is different from b.\n"
                f"not close where = {np.where(apart) if a.ndim else 'everywhere'}\nnot close lhs = {a[apart]}\nnot close rhs = {b[apart]}\n"
                f"not close dif = {difference}\nnot close tol = {bound}\ndtype = {a.dtype}, shape = {a.shape}\n"
                f"Mismatched elements: {int(apart.sum())} / {a.size}",
                msg,
            )

    def _same_shape(self, a: np.ndarray, b: np.ndarray, msg: Any, where: str = "") -> None:
        contents = f" Contents: {b!r}." if b.size < 500 else ""
        self._check(
            a.shape == b.shape, f"Shape mismatch{where}: expected {a.shape}, got {b.shape}.{contents}", msg
        )

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        """`assertAllClose` with the tolerance of the less exact of both types: `rtol` for float64, `float_rtol` for float32 …"""
        one, two = self._array(a), self._array(b)
        bounds = {
            "float32": (float_rtol, float_atol), "complex64": (float_rtol, float_atol), "float16": (half_rtol, half_atol),
            "bfloat16": (bfloat16_rtol, bfloat16_atol),
        }  # fmt: skip
        for x in (one, two):
            own = bounds.get(x.dtype.name, (0.0, 0.0))
            rtol, atol = max(rtol, own[0]), max(atol, own[1])
        self.assertAllClose(one, two, rtol, atol, msg)

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """They differ somewhere by more than the tolerance."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        self.fail(f"The two values are close at all elements. {msg or ''}")

    def assertNear(self, f1: float, f2: float, err: float, msg: Any = None) -> None:
        """`|f1 - f2| <= err`, or both are the same infinity."""
        self._check(f1 == f2 or abs(f1 - f2) <= err, f"{f1!r} != {f2!r} +/- {err!r}", msg)

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: Any = None) -> None:
        """Lists of one length with elements that are near."""
        self.assertLen(farray1, len(farray2), msg)
        for a, b in zip(farray1, farray2):
            self.assertNear(float(a), float(b), err, msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None) -> None:
        """The Euclidean distance of two arrays is less than `err`."""
        a, b = self._array(ndarray1), self._array(ndarray2)
        distance = float(np.linalg.norm(a - b))
        self._check(distance < err, f"ndarrays are {distance} apart, not within {err}:\n{a}\n{b}", msg)

    # ------------------------------------------------------------------------------------------------------------ equality
    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Arrays of one shape with equal elements. NaN equals NaN. Ragged values are compared by their rows."""
        if _is_ragged(a) or _is_ragged(b):
            self.assertEqual(self._rows(a), self._rows(b), msg)
            return
        one, two = self._array(a), self._array(b)
        if one.shape[:0] == two.shape[:0]:
            self._same_shape(one, two, msg)
        self._equal(one, two, msg)

    def _equal(self, a: np.ndarray, b: np.ndarray, msg: Any) -> None:
        same = np.asarray(a == b)
        if a.dtype.kind in "fcV" and b.dtype.kind in "fcV":
            same = same | ((a != a) & (b != b))
        if not same.all():
            differ = ~np.broadcast_to(same, a.shape)
            self.fail(
                f"\nArrays are not equal\n\nnot equal where = {np.where(differ) if a.ndim else 'everywhere'}\n"
                f"not equal lhs = {a[differ]!r}\nnot equal rhs = {b[differ]!r}\nMismatched elements: {int(differ.sum())} / {a.size}",
                msg,
            )

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """They differ somewhere."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(f"The two values are equal at all elements. {msg or ''}")

    def _rows(self, value: Any) -> Any:
        value = self.evaluate(value)
        value = value.to_list() if hasattr(value, "to_list") else value
        value = value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(value, (list, tuple)):
            return [self._rows(v) for v in value]
        value = value.item() if isinstance(value, np.generic) else value
        return value.encode() if isinstance(value, str) else value

    def assertDictEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Equal dicts, whose values may be tensors."""
        self.assertIsInstance(a, dict, msg)
        self.assertIsInstance(b, dict, msg)
        self.assertCountEqual(a, b, msg)
        for k in a:
            x, y = self.evaluate_if_both_tensors(a[k], b[k])
            if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
                self.assertAllEqual(x, y, f"{k!r}: {msg or ''}")
            else:
                self.assertEqual(x, y, f"{k!r}: {msg or ''}")

    def evaluate_if_both_tensors(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The values of both if both are tensors, or else the two as they are."""
        both = isinstance(a, Tensor) and isinstance(b, Tensor)
        return (self.evaluate(a), self.evaluate(b)) if both else (a, b)

    # -------------------------------------------------------------------------------------------------------------- bounds
    def _all(self, target: Any, holds: Callable[[np.ndarray], Any], outside: str) -> None:
        array = self._array(target)
        wrong = (
            np.argwhere(~np.asarray(holds(array)))
            if array.ndim
            else (np.zeros([0, 0]) if holds(array) else np.zeros([1, 0]))
        )
        if len(wrong):
            lines = [
                f"  [{', '.join(str(int(i)) for i in at)}] : {array[tuple(int(i) for i in at)]}"
                for at in wrong[:_SHOWN]
            ]
            more = ["  ..."] if len(wrong) > _SHOWN else []
            text = "\n".join(lines + more)
            self.fail(
                f"{len(wrong)} of the {array.size} element(s) are {outside}. Subscript(s) and value(s) of the offending elements:\n{text}"
            )

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        self._all(a, lambda x: x > comparison_target, f"not greater than {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        self._all(a, lambda x: x >= comparison_target, f"less than {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        self._all(a, lambda x: x < comparison_target, f"not less than {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        self._all(a, lambda x: x <= comparison_target, f"greater than {comparison_target}")

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """All elements are within bounds, which belong to the range unless they are said to be open."""
        range_text = f"{'(' if open_lower_bound else '['}{lower_bound}, {upper_bound}{')' if open_upper_bound else ']'}"
        if self._array(target).dtype.kind not in "biufV":
            raise AssertionError(f"The elements are no real numbers: {target!r}.")

        def holds(x: np.ndarray) -> Any:
            above = x > lower_bound if open_lower_bound else x >= lower_bound
            return above & (x < upper_bound if open_upper_bound else x <= upper_bound)

        self._all(target, holds, f"outside the range {range_text}")

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """All elements are among those expected."""
        values = np.unique(self._array(target)).tolist()
        odd = [v for v in values if v not in expected_set]
        self._check(not odd, f"{len(odd)} unique element(s) are not in the set {expected_set}: {odd}", None)

    # ------------------------------------------------------------------------------------------------------ shapes and types
    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: Any = None) -> None:
        """Arrays or tensors of one shape."""
        for x in (input_a, input_b):
            if not isinstance(x, (np.ndarray, np.generic, Tensor)) and not hasattr(x, "shape"):
                raise TypeError(f"assertShapeEqual() takes arrays and tensors. Received: {x!r}.")
        a, b = (tuple(x.shape) for x in (input_a, input_b))
        self._check(a == b, f"Shapes differ: {a} != {b}", msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """The elements are of this type."""
        from headrace.core.dtypes import as_dtype

        have = as_dtype(target.dtype if hasattr(target, "dtype") else self._array(target).dtype)
        self._check(have == as_dtype(expected_dtype), f"{have.name} != {as_dtype(expected_dtype).name}", None)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: Any = None) -> None:
        """Names of one device, in whatever form."""
        from headrace.runtime.devices import parse_device

        a, b = (None if d is None or d == "" else parse_device(str(d)) for d in (device1, device2))
        self._check(a == b, f"Devices {device1} and {device2} are not equal.", msg)

    # -------------------------------------------------------------------------------------------------------------- messages
    def assertProtoEquals(
        self,
        expected_message_maybe_ascii: Any,
        validate_message: Any,
        msg: Any = None,
        relative_tolerance: float | None = None,
    ) -> None:
        """A protocol message equals another, or the one that a text in protobuf's format describes.

        Args:
          relative_tolerance: how far numbers with fractions may be from those expected."""
        from google.protobuf import text_format

        expected = expected_message_maybe_ascii
        if isinstance(expected, (str, bytes)):
            expected = text_format.Parse(expected, type(validate_message)())
        elif type(expected) is not type(validate_message):
            self.fail(f"Can't compare messages of types {type(expected)} and {type(validate_message)}.", msg)
        if expected == validate_message:
            return
        a, b = (text_format.MessageToString(m, use_index_order=True) for m in (expected, validate_message))
        if relative_tolerance is not None and _near_text(a, b, relative_tolerance):
            return
        self.assertMultiLineEqual(a, b, msg)

    def assertProtoEqualsVersion(
        self, expected: str, actual: Any, producer: int | None = None, min_consumer: int = 0, msg: Any = None
    ) -> None:
        """A GraphDef equals the one a text describes, with the version that GraphDefs of this interface carry."""
        from headrace.api.version import GRAPH_DEF_VERSION

        producer = GRAPH_DEF_VERSION if producer is None else producer
        versions = f"producer: {producer}" + (f" min_consumer: {min_consumer}" if min_consumer else "")
        self.assertProtoEquals(f"versions {{ {versions} }}\n{expected}", actual, msg)

    # ---------------------------------------------------------------------------------------------------------------- errors
    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """An error of this type whose message matches a regular expression, or that a function says yes to."""
        try:
            yield
        except exception_type as error:
            text = (
                f"{error.message} {getattr(error.op, 'name', '')}"
                if isinstance(error, errors.OpError)
                else str(error)
            )
            check = expected_err_re_or_predicate
            if not (check(error) if callable(check) else re.search(check, text)):
                raise AssertionError(f"Exception of type {type(error)}: {error}") from error
            return
        self.fail(f"{getattr(exception_type, '__name__', exception_type)} not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """`assertRaisesWithPredicateMatch` of `tf.errors.OpError`."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertRaisesIncompatibleShapesError(self, exception_type: Any = errors.InvalidArgumentError) -> Any:
        """`assertRaisesWithPredicateMatch` of what is raised for shapes that do not fit."""
        return self.assertRaisesWithPredicateMatch(
            exception_type,
            r"(?i)(incompatible|broadcast|required) ?.*shapes|shapes?.*(not|incompatible|must)",
        )


def _is_ragged(value: Any) -> bool:
    return hasattr(value, "row_splits") and hasattr(value, "flat_values")


def _is_sparse(value: Any) -> bool:
    return hasattr(value, "dense_shape") and hasattr(value, "indices") and isinstance(value, tuple)


_NUMBER = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")


def _near_text(a: str, b: str, tolerance: float) -> bool:
    """Whether two texts differ in their numbers only, and those are near."""
    ones, twos = ([float(n) for n in _NUMBER.findall(t)] for t in (a, b))
    return _NUMBER.sub("#", a) == _NUMBER.sub("#", b) and np.allclose(ones, twos, rtol=tolerance, atol=0.0)
