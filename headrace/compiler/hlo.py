"""Writing StableHLO as text. `Builder` has one short method per StableHLO op (spec: openxla.org/stablehlo/spec); shapes
are concrete tuples, dtypes are `DType`s. Text is several times cheaper to write from Python than building MLIR objects,
and the compiler parses it in C++.

Regions may use values from outside of themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType

ELEMENT = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "bool": "i1",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "int4": "i4",
    "uint8": "ui8", "uint16": "ui16", "uint32": "ui32", "uint64": "ui64", "uint4": "ui4",
    "complex64": "complex<f32>", "complex128": "complex<f64>",
    "float8_e5m2": "f8E5M2", "float8_e4m3fn": "f8E4M3FN", "float8_e4m3fnuz": "f8E4M3FNUZ",
    "float8_e4m3b11fnuz": "f8E4M3B11FNUZ", "float8_e5m2fnuz": "f8E5M2FNUZ",
    "qint8": "i8", "quint8": "ui8", "qint16": "i16", "quint16": "ui16", "qint32": "i32",
}  # fmt: skip


def tensor_type(shape: Sequence[int], dtype: DType) -> str:
    return f"tensor<{''.join([f'{d}x' for d in shape])}{ELEMENT[dtype.name]}>"


def ints(values: Sequence[int]) -> str:
    """`array<i64: 1, 2>`."""
    return f"array<i64: {', '.join([str(int(v)) for v in values])}>" if len(values) else "array<i64>"


class Value:
    """An SSA value of the program being written."""

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, name: str, shape: tuple[int, ...], dtype: DType) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype

    @property
    def type(self) -> str:
        return tensor_type(self.shape, self.dtype)

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return f"{self.name}: {self.type}"


class Builder:
    """Writes one function. `with b.region(types) as (args, …)` nests; constants are written once, at the function's top."""

    def __init__(self, platform: str = "cpu") -> None:
        self.platform = platform  # PJRT's name for the target: some rules have better means on a CPU
        self._lines: list[str] = []
        self._head: list[str] = []
        self._constants: dict[Any, Value] = {}
        self._n = 0
        # False: the program has no backward pass, which some rules and compile options go by.
        self.differentiated = True
        self.checking = False  # whether `check` makes the program fail
        self._literals: dict[str, np.ndarray] = {}  # the values of scalar constants, by name
        self._zeros: set[str] = set()  # names of constants that are zero everywhere
        # Zeros but for an update at some position.
        self._patches: dict[str, tuple[Value, Sequence[Value]]] = {}
        # Of packed index vectors, by name: the scalars they were made of.
        self.entries: dict[str, list[Any]] = {}

    def check(self, ok: Callable[[], Value], message: str) -> None:
        """Makes the program fail with InvalidArgumentError when `ok()`, a boolean value, is not all true. A plain builder
        (and a program compiled with `jit_compile=True`, as in TensorFlow) does without."""

    def literal(self, value: Value) -> np.ndarray | None:
        """The value of a scalar constant; None for anything else."""
        return self._literals.get(value.name)

    def check_indices(self, indices: Value, size: int, what: str = "indices") -> None:
        """`check` that all of `indices` are in [0, size)."""
        if indices.dtype.kind == "u":
            inside = lambda: self.compare("LT", indices, self.constant(size, indices.dtype))
        else:
            inside = lambda: self.binary(
                "and",
                self.compare("GE", indices, self.constant(0, indices.dtype)),
                self.compare("LT", indices, self.constant(size, indices.dtype)),
            )
        self.check(inside, f"{what} is out of range [0, {size})")

    # --------------------------------------------------------------------------------------------------------- plumbing
    def fresh(self, shape: Sequence[int], dtype: DType) -> Value:
        self._n += 1
        return Value(f"%{self._n}", tuple(shape), dtype)

    def op(
        self,
        name: str,
        operands: Sequence[Value],
        shape: Sequence[int],
        dtype: DType,
        attrs: str = "",
        regions: str = "",
    ) -> Value:
        """One op with one result. `attrs` is the text between `<{` and `}>`."""
        out = self.fresh(shape, dtype)
        self._emit(out.name, name, operands, out.type, attrs, regions)
        return out

    def ops(
        self,
        name: str,
        operands: Sequence[Value],
        outputs: Sequence[tuple[Sequence[int], DType]],
        attrs: str = "",
        regions: str = "",
    ) -> list[Value]:
        """One op with several results."""
        self._n += 1
        base = f"%{self._n}"
        results = [
            Value(f"{base}#{i}" if len(outputs) != 1 else base, tuple(s), d)
            for i, (s, d) in enumerate(outputs)
        ]
        left = base if len(outputs) == 1 else f"{base}:{len(outputs)}"
        self._emit(
            left if outputs else "",
            name,
            operands,
            f"({', '.join([r.type for r in results])})",
            attrs,
            regions,
        )
        return results

    def _emit(
        self, left: str, name: str, operands: Sequence[Value], result_type: str, attrs: str, regions: str
    ) -> None:
        args = ", ".join([v.name for v in operands])
        types = ", ".join([v.type for v in operands])
        prefix = f"{left} = " if left else ""
        middle = f" <{{{attrs}}}>" if attrs else ""
        region = f" ({regions})" if regions else ""
        self._lines.append(f'{prefix}"{name}"({args}){middle}{region} : ({types}) -> {result_type}')

    @property
    def lines(self) -> Sequence[str]:
        """The ops written so far."""
        return self._lines

    @contextmanager
    def captured(self) -> Any:
        saved, self._lines = self._lines, []
        try:
            yield self._lines
        finally:
            self._lines = saved

    def region(
        self,
        types: Sequence[tuple[Sequence[int], DType]],
        body: Callable[..., Any],
        terminator: str = "stablehlo.return",
    ) -> tuple[str, list[Value]]:
        """The text of a region whose block takes values of `types`; `body(*values)` returns what the region yields."""
        args = [self.fresh(s, d) for s, d in types]
        with self.captured() as lines:
            results = body(*args)
            results = [results] if isinstance(results, Value) else list(results)
            names, kinds = ", ".join([r.name for r in results]), ", ".join([r.type for r in results])
            lines.append(f'"{terminator}"({names}) : ({kinds}) -> ()')
            text = "\n".join(lines)
        header = f"^bb0({', '.join([f'{a.name}: {a.type}' for a in args])}):\n" if args else ""
        return f"{{\n{header}{text}\n}}", results

    def function(
        self,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        *,
        name: str = "main",
        module: str = "module",
        aliases: dict[int, int] | None = None,
    ) -> str:
        """The finished module. `aliases` maps inputs to the outputs that may reuse their memory (donation)."""
        aliases = aliases or {}
        args = ", ".join(
            [
                f"{v.name}: {v.type}"
                + (f" {{tf.aliasing_output = {aliases[i]} : i32}}" if i in aliases else "")
                for i, v in enumerate(inputs)
            ]
        )
        types = ", ".join([v.type for v in outputs])
        names = ", ".join([v.name for v in outputs])
        body = "\n".join(self._head + self._lines)
        return f'module @{module} {{\nfunc.func public @{name}({args}) -> ({types}) {{\n{body}\n"func.return"({names}) : ({types}) -> ()\n}}\n}}\n'

    # -------------------------------------------------------------------------------------------------------- constants
    def constant(self, value: Any, dtype: DType | None = None, shape: Sequence[int] | None = None) -> Value:
        """A constant; a scalar `value` with `shape` is splatted."""
        if dtype is None:
            value = np.asarray(value)
            dtype = dtypes.from_numpy(value.dtype)
        array = np.asarray(value, dtype._np)
        if shape is not None and array.shape != tuple(shape):
            array = np.broadcast_to(array, shape)
        splat = array.size > 0 and (
            array.size == 1 or (array.strides.count(0) == array.ndim if array.ndim else True)
        )
        data = array.reshape(-1)[:1].tobytes() if splat else array.tobytes()
        key = (data, array.shape, dtype)
        found = self._constants.get(key)
        if found is None:
            found = self.fresh(array.shape, dtype)
            self._head.append(
                f'{found.name} = "stablehlo.constant"() <{{value = {_dense(array, dtype, splat)}}}> : () -> {found.type}'
            )
            self._constants[key] = found
            if array.ndim == 0:
                self._literals[found.name] = array
            if splat and dtype.kind in "fc" and not data.strip(b"\0"):
                self._zeros.add(found.name)
        return found

    def zeros(self, shape: Sequence[int], dtype: DType) -> Value:
        return self.constant(np.zeros((), dtype._np), dtype, shape)

    def full(self, shape: Sequence[int], value: Any, dtype: DType) -> Value:
        return self.constant(np.asarray(value, dtype._np), dtype, shape)

    def iota(self, shape: Sequence[int], dim: int, dtype: DType) -> Value:
        return self.op("stablehlo.iota", (), shape, dtype, f"iota_dimension = {dim} : i64")

    # ------------------------------------------------------------------------------------------------------ elementwise
    def unary(self, name: str, x: Value, dtype: DType | None = None) -> Value:
        """`name` of the StableHLO (or, with a prefix, CHLO) op: "exponential", "chlo.erf"."""
        return self.op(_full(name), (x,), x.shape, dtype or x.dtype)

    def binary(self, name: str, x: Value, y: Value) -> Value:
        """An element-wise op on operands of one shape; broadcasts where they differ."""
        if x.shape != y.shape:
            x, y = self.broadcast_together(x, y)
        return self.op(_full(name), (x, y), x.shape, x.dtype)

    def add(self, x: Value, y: Value) -> Value:
        """The sum. Adding what is zero but for one slice (the gradient of reading a slice) changes that slice only, so that
        a loop which sums such gradients works in place."""
        if y.name not in self._patches:
            x, y = y, x
        if y.name in self._patches and x.shape == y.shape and x.name not in self._patches:
            update, starts = self._patches[y.name]
            return self.dynamic_update_slice(
                x, self.add(self.dynamic_slice(x, starts, update.shape), update), starts
            )
        return self.binary("or" if x.dtype is dtypes.bool_ else "add", x, y)

    def sub(self, x: Value, y: Value) -> Value:
        return self.binary("subtract", x, y)

    def mul(self, x: Value, y: Value) -> Value:
        return self.binary("multiply", x, y)

    def div(self, x: Value, y: Value) -> Value:
        return self.binary("divide", x, y)

    def neg(self, x: Value) -> Value:
        return self.unary("negate", x)

    def maximum(self, x: Value, y: Value) -> Value:
        return self.binary("maximum", x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        return self.binary("minimum", x, y)

    def compare(self, direction: str, x: Value, y: Value) -> Value:
        """`direction`: EQ NE LT LE GT GE."""
        x, y = self.broadcast_together(x, y)
        return self.op(
            "stablehlo.compare",
            (x, y),
            x.shape,
            dtypes.bool_,
            f"comparison_direction = #stablehlo<comparison_direction {direction}>",
        )

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """`condition` of the operands' shape, or a scalar."""
        x, y = self.broadcast_together(x, y)
        if condition.shape != x.shape and condition.shape != ():
            condition = self.broadcast_to(condition, x.shape)
        return self.op("stablehlo.select", (condition, x, y), x.shape, x.dtype)

    def clamp(self, low: Value, x: Value, high: Value) -> Value:
        """`low` and `high` of x's shape, or scalars."""
        return self.op("stablehlo.clamp", (low, x, high), x.shape, x.dtype)

    def convert(self, x: Value, dtype: DType) -> Value:
        return x if x.dtype is dtype else self.op("stablehlo.convert", (x,), x.shape, dtype)

    def bitcast(self, x: Value, dtype: DType, shape: Sequence[int] | None = None) -> Value:
        return self.op("stablehlo.bitcast_convert", (x,), x.shape if shape is None else shape, dtype)

    # ----------------------------------------------------------------------------------------------------------- shapes
    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        return x if x.shape == tuple(shape) else self.op("stablehlo.reshape", (x,), shape, x.dtype)

    def broadcast_in_dim(self, x: Value, shape: Sequence[int], dims: Sequence[int]) -> Value:
        """Dimension i of x becomes dimension dims[i] of the result."""
        return self.op(
            "stablehlo.broadcast_in_dim", (x,), shape, x.dtype, f"broadcast_dimensions = {ints(dims)}"
        )

    def broadcast_to(self, x: Value, shape: Sequence[int]) -> Value:
        """NumPy broadcasting to `shape`."""
        shape = tuple(shape)
        if x.shape == shape:
            return x
        return self.broadcast_in_dim(x, shape, range(len(shape) - x.rank, len(shape)))

    def broadcast_together(self, x: Value, y: Value) -> tuple[Value, Value]:
        if x.shape == y.shape:
            return x, y
        shape = np.broadcast_shapes(x.shape, y.shape)
        return self.broadcast_to(x, shape), self.broadcast_to(y, shape)

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        perm = tuple(perm)
        if perm == tuple(range(x.rank)):
            return x
        return self.op(
            "stablehlo.transpose", (x,), [x.shape[p] for p in perm], x.dtype, f"permutation = {ints(perm)}"
        )

    def slice(
        self, x: Value, start: Sequence[int], limit: Sequence[int], strides: Sequence[int] | None = None
    ) -> Value:
        strides = [1] * x.rank if strides is None else strides
        if all(s == 0 for s in start) and tuple(limit) == x.shape and all(s == 1 for s in strides):
            return x
        shape = [max(0, -(-(hi - lo) // st)) for lo, hi, st in zip(start, limit, strides)]
        return self.op(
            "stablehlo.slice",
            (x,),
            shape,
            x.dtype,
            f"start_indices = {ints(start)}, limit_indices = {ints(limit)}, strides = {ints(strides)}",
        )

    def dynamic_slice(self, x: Value, starts: Sequence[Value], sizes: Sequence[int]) -> Value:
        """`starts`: one scalar integer per dimension; clamped so that the slice stays inside."""
        return self.op(
            "stablehlo.dynamic_slice", (x, *starts), sizes, x.dtype, f"slice_sizes = {ints(sizes)}"
        )

    def dynamic_update_slice(self, x: Value, update: Value, starts: Sequence[Value]) -> Value:
        out = self.op("stablehlo.dynamic_update_slice", (x, update, *starts), x.shape, x.dtype)
        if x.name in self._zeros:
            self._patches[out.name] = update, starts
        return out

    def concatenate(self, values: Sequence[Value], dim: int) -> Value:
        if len(values) == 1:
            return values[0]
        shape = list(values[0].shape)
        shape[dim] = sum(v.shape[dim] for v in values)
        return self.op("stablehlo.concatenate", values, shape, values[0].dtype, f"dimension = {dim} : i64")

    def pad(
        self,
        x: Value,
        value: Value,
        low: Sequence[int],
        high: Sequence[int],
        interior: Sequence[int] | None = None,
    ) -> Value:
        """Negative amounts crop."""
        interior = [0] * x.rank if interior is None else interior
        shape = [lo + hi + d + max(0, d - 1) * i for d, lo, hi, i in zip(x.shape, low, high, interior)]
        return self.op(
            "stablehlo.pad",
            (x, value),
            shape,
            x.dtype,
            f"edge_padding_low = {ints(low)}, edge_padding_high = {ints(high)}, interior_padding = {ints(interior)}",
        )

    def reverse(self, x: Value, dims: Sequence[int]) -> Value:
        return (
            self.op("stablehlo.reverse", (x,), x.shape, x.dtype, f"dimensions = {ints(dims)}")
            if len(dims)
            else x
        )

    # ------------------------------------------------------------------------------------------------ reductions, sorting
    def reduce(self, x: Value, dims: Sequence[int], kind: str, init: Any) -> Value:
        """`kind` of a binary StableHLO op: add multiply maximum minimum and or; `init` its neutral element."""
        dims = sorted(dims)
        if not dims:
            return x
        shape = [d for i, d in enumerate(x.shape) if i not in dims]
        region, _ = self.region([((), x.dtype)] * 2, lambda a, c: self.binary(kind, a, c))
        return self.op(
            "stablehlo.reduce",
            (x, self.constant(init, x.dtype)),
            shape,
            x.dtype,
            f"dimensions = {ints(dims)}",
            region,
        )

    def reduce_many(
        self, xs: Sequence[Value], inits: Sequence[Value], dims: Sequence[int], body: Callable[..., Any]
    ) -> list[Value]:
        """A reduction of several operands at once: `body(*accumulators, *elements)` gives the new accumulators (scalars)."""
        shape = [d for i, d in enumerate(xs[0].shape) if i not in dims]
        region, _ = self.region([((), v.dtype) for v in (*xs, *xs)], body)
        return self.ops(
            "stablehlo.reduce",
            (*xs, *inits),
            [(shape, x.dtype) for x in xs],
            f"dimensions = {ints(sorted(dims))}",
            region,
        )

    def reduce_window(
        self, x: Value, kind: str, init: Any, window: Sequence[int], strides: Sequence[int] | None = None, padding: Sequence[tuple[int, int]] | None = None,
        base_dilation: Sequence[int] | None = None, window_dilation: Sequence[int] | None = None,
    ) -> Value:  # fmt: skip
        n = x.rank
        strides, padding = strides or [1] * n, padding or [(0, 0)] * n
        base, dilation = base_dilation or [1] * n, window_dilation or [1] * n
        shape = []
        for d, w, s, (lo, hi), bd, wd in zip(x.shape, window, strides, padding, base, dilation):
            dilated = 0 if d == 0 else (d - 1) * bd + 1
            span = (w - 1) * wd + 1
            shape.append(max(0, (dilated + lo + hi - span) // s + 1))
        region, _ = self.region([((), x.dtype)] * 2, lambda a, c: self.binary(kind, a, c))
        pads = ", ".join([f"[{lo}, {hi}]" for lo, hi in padding])
        attrs = (
            f"window_dimensions = {ints(window)}, window_strides = {ints(strides)}, base_dilations = {ints(base)}, "
            f"window_dilations = {ints(dilation)}, padding = dense<[{pads}]> : tensor<{n}x2xi64>"
        )
        return self.op(
            "stablehlo.reduce_window", (x, self.constant(init, x.dtype)), shape, x.dtype, attrs, region
        )

    def sort(
        self, values: Sequence[Value], dim: int, less: Callable[..., Value], stable: bool = True
    ) -> list[Value]:
        """Sorts several operands together along `dim`; `less(a0, b0, a1, b1, …)` compares two positions."""
        region, _ = self.region([((), v.dtype) for v in values for _ in (0, 1)], less)
        attrs = f"dimension = {dim} : i64, is_stable = {'true' if stable else 'false'}"
        return self.ops("stablehlo.sort", values, [(v.shape, v.dtype) for v in values], attrs, region)

    # --------------------------------------------------------------------------------------------------- linear algebra
    def dot_general(
        self,
        x: Value,
        y: Value,
        contract: tuple[Sequence[int], Sequence[int]],
        batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
        dtype: DType | None = None,
    ) -> Value:
        """Result dimensions: batch, then x's free ones, then y's free ones. `dtype`: the result's (accumulator's) type."""
        (cx, cy), (bx, by) = contract, batch
        shape = [x.shape[i] for i in bx]
        shape += [d for i, d in enumerate(x.shape) if i not in cx and i not in bx]
        shape += [d for i, d in enumerate(y.shape) if i not in cy and i not in by]
        lists = [", ".join([str(i) for i in v]) for v in (bx, by, cx, cy)]
        attrs = (
            f"dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [{lists[0]}], rhs_batching_dimensions = [{lists[1]}], "
            f"lhs_contracting_dimensions = [{lists[2]}], rhs_contracting_dimensions = [{lists[3]}]>"
        )
        return self.op("stablehlo.dot_general", (x, y), shape, dtype or x.dtype, attrs)

    def convolution(
        self, x: Value, w: Value, dims: str, shape: Sequence[int], strides: Sequence[int], padding: Sequence[tuple[int, int]],
        lhs_dilation: Sequence[int] | None = None, rhs_dilation: Sequence[int] | None = None, feature_groups: int = 1, batch_groups: int = 1,
        reversal: Sequence[bool] | None = None,
    ) -> Value:  # fmt: skip
        """`dims` in StableHLO's notation, `[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`; `shape` the result's."""
        n = len(strides)
        pads = ", ".join([f"[{lo}, {hi}]" for lo, hi in padding])
        pad_text = f"dense<[{pads}]> : tensor<{n}x2xi64>" if n else "dense<> : tensor<0x2xi64>"
        attrs = (
            f"dimension_numbers = #stablehlo.conv<{dims}>, window_strides = {ints(strides)}, padding = {pad_text}, "
            f"lhs_dilation = {ints(lhs_dilation or [1] * n)}, rhs_dilation = {ints(rhs_dilation or [1] * n)}, "
            f"feature_group_count = {feature_groups} : i64, batch_group_count = {batch_groups} : i64"
        )
        if reversal is not None:
            attrs += (
                f", window_reversal = array<i1: {', '.join(['true' if r else 'false' for r in reversal])}>"
            )
        return self.op("stablehlo.convolution", (x, w), shape, x.dtype, attrs)

    def cholesky(self, x: Value, lower: bool = True) -> Value:
        return self.op(
            "stablehlo.cholesky", (x,), x.shape, x.dtype, f"lower = {'true' if lower else 'false'}"
        )

    def triangular_solve(
        self,
        a: Value,
        rhs: Value,
        *,
        left: bool,
        lower: bool,
        unit: bool = False,
        transpose: str = "NO_TRANSPOSE",
    ) -> Value:
        """`transpose`: NO_TRANSPOSE, TRANSPOSE or ADJOINT."""
        flag = {True: "true", False: "false"}
        attrs = f"left_side = {flag[left]}, lower = {flag[lower]}, unit_diagonal = {flag[unit]}, transpose_a = #stablehlo<transpose {transpose}>"
        return self.op("stablehlo.triangular_solve", (a, rhs), rhs.shape, rhs.dtype, attrs)

    def fft(self, x: Value, kind: str, length: Sequence[int], shape: Sequence[int], dtype: DType) -> Value:
        """`kind`: FFT IFFT RFFT IRFFT over the last len(length) dimensions."""
        return self.op(
            "stablehlo.fft",
            (x,),
            shape,
            dtype,
            f"fft_type = #stablehlo<fft_type {kind}>, fft_length = {ints(length)}",
        )

    # --------------------------------------------------------------------------------------------------- gather, scatter
    def gather(
        self, x: Value, indices: Value, shape: Sequence[int], *, offset_dims: Sequence[int],
        collapsed: Sequence[int], start_map: Sequence[int], sizes: Sequence[int], index_dim: int,
        batch: tuple[Sequence[int], Sequence[int]] = ((), ()), sorted_indices: bool = False,
    ) -> Value:  # fmt: skip
        lists = [
            ", ".join([str(i) for i in v]) for v in (offset_dims, collapsed, batch[0], batch[1], start_map)
        ]
        attrs = (
            f"dimension_numbers = #stablehlo.gather<offset_dims = [{lists[0]}], collapsed_slice_dims = [{lists[1]}], operand_batching_dims = [{lists[2]}], "
            f"start_indices_batching_dims = [{lists[3]}], start_index_map = [{lists[4]}], index_vector_dim = {index_dim}>, "
            f"slice_sizes = {ints(sizes)}, indices_are_sorted = {'true' if sorted_indices else 'false'}"
        )
        return self.op("stablehlo.gather", (x, indices), shape, x.dtype, attrs)

    def scatter(
        self, x: Value, indices: Value, updates: Value, kind: str | None, *, window_dims: Sequence[int],
        inserted: Sequence[int], dims_map: Sequence[int], index_dim: int,
        batch: tuple[Sequence[int], Sequence[int]] = ((), ()), sorted_indices: bool = False,
        unique: bool = False,
    ) -> Value:  # fmt: skip
        """`kind`: the binary op that combines old and new (None: the update replaces). Out-of-range updates are dropped."""
        lists = [
            ", ".join([str(i) for i in v]) for v in (window_dims, inserted, batch[0], batch[1], dims_map)
        ]
        flag = {True: "true", False: "false"}
        attrs = (
            f"scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [{lists[0]}], "
            f"inserted_window_dims = [{lists[1]}], input_batching_dims = [{lists[2]}], "
            f"scatter_indices_batching_dims = [{lists[3]}], scatter_dims_to_operand_dims = [{lists[4]}], index_vector_dim = {index_dim}>, "
            f"indices_are_sorted = {flag[sorted_indices]}, unique_indices = {flag[unique]}"
        )
        region, _ = self.region(
            [((), x.dtype)] * 2, lambda a, c: c if kind is None else self.binary(kind, a, c)
        )
        return self.op("stablehlo.scatter", (x, indices, updates), x.shape, x.dtype, attrs, region)

    # ----------------------------------------------------------------------------------------------------- control flow
    def while_loop(
        self, state: Sequence[Value], condition: Callable[..., Value], body: Callable[..., Sequence[Value]]
    ) -> list[Value]:
        types = [(v.shape, v.dtype) for v in state]
        cond_text, _ = self.region(types, condition)
        body_text, _ = self.region(types, body)
        return self.ops("stablehlo.while", state, types, "", f"{cond_text}, {body_text}")

    def case(self, index: Value, branches: Sequence[Callable[[], Sequence[Value]]]) -> list[Value]:
        """`index` an int32 scalar; out of range takes the last branch."""
        texts: list[str] = []
        results: list[Value] = []
        for branch in branches:
            text, results = self.region((), branch)
            texts.append(text)
        return self.ops(
            "stablehlo.case", (index,), [(r.shape, r.dtype) for r in results], "", ", ".join(texts)
        )

    def custom_call(
        self,
        target: str,
        operands: Sequence[Value],
        outputs: Sequence[tuple[Sequence[int], DType]],
        config: str = "",
        *,
        side_effect: bool = False,
    ) -> list[Value]:
        """A typed-FFI custom call; `config` is the text of the backend_config dictionary's entries."""
        attrs = f'call_target_name = "{target}", api_version = 4 : i32, has_side_effect = {"true" if side_effect else "false"}, backend_config = {{{config}}}'
        return self.ops("stablehlo.custom_call", operands, outputs, attrs)

    def random_bits(
        self, algorithm: str, state: Value, shape: Sequence[int], dtype: DType
    ) -> tuple[Value, Value]:
        """`algorithm`: THREE_FRY, PHILOX or DEFAULT. Gives (new state, bits)."""
        out = self.ops(
            "stablehlo.rng_bit_generator",
            (state,),
            [(state.shape, state.dtype), (shape, dtype)],
            f"rng_algorithm = #stablehlo<rng_algorithm {algorithm}>",
        )
        return out[0], out[1]


def _full(name: str) -> str:
    return name if "." in name else f"stablehlo.{name}"


def _dense(array: np.ndarray, dtype: DType, splat: bool) -> str:
    kind = tensor_type(array.shape, dtype)
    if array.size == 0:
        return f"dense<> : {kind}"
    if dtype is dtypes.bool_ and splat:
        return f"dense<{str(bool(array.reshape(-1)[0])).lower()}> : {kind}"
    if dtype.name in ("int4", "uint4"):
        values = array.reshape(-1)[:1] if splat else array
        return f"dense<{str(int(values[0])) if splat else str(values.astype(np.int8).tolist())}> : {kind}"
    raw = np.ascontiguousarray(array.reshape(-1)[:1] if splat else array)
    return f'dense<"0x{raw.tobytes().hex().upper()}"> : {kind}'
