"""Random numbers: stateless ops (a key and counter in, numbers out), stateful ops (seeded once, advancing at
every run) and
the ops behind `tf.random.Generator`.

All are one generator (`ops/philox.py`) with a state of three uint64 numbers; the numbers are TensorFlow's own
for the same seeds. A stateful op in a compiled program takes its state as an argument that the host hands
over at every run, so that running again gives new numbers without compiling again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from headrace.core import dtypes, errors, shapes
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import philox
from .formula import HOST, Lifted, Program, lift

FLOATS = dtypes.FLOATS
WIDE_INTS = frozenset({dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64})
REAL_OUT = frozenset({dtypes.float16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64})
SHAPES = {"T": dtypes.INDEX, "S": dtypes.INDEX, "Tshape": dtypes.INDEX, "shape_dtype": dtypes.INDEX}
SEEDS = {"Tseed": WIDE_INTS}


# -------------------------------------------------------------------------------------- state of stateful ops
class Counters:
    """The advancing states of stateful ops: one per op and seeds when eager, one per node of a graph."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._eager: dict[Any, np.ndarray] = {}
        self._generation = 0  # of `set_seed`: states from before it start anew

    def restart(self) -> None:
        with self._lock:
            self._eager.clear()
            self._generation += 1

    def eager(self, key: Any, seed: int, seed2: int, blocks: int) -> np.ndarray:
        """The state for this run of the op; sets `blocks` blocks of the stream aside."""
        with self._lock:
            state = self._eager.get(key)
            if state is None:
                state = self._eager[key] = _fresh_state(seed, seed2)
            return _advance(state, blocks)

    def node(self, node: Any, blocks: int) -> np.ndarray:
        """The same for a node of a graph."""
        with self._lock:
            found = node.__dict__.get("_random")
            if found is None or found[0] != self._generation:
                found = node.__dict__["_random"] = (
                    self._generation,
                    _fresh_state(node.attrs["seed"], node.attrs["seed2"]),
                )
            return _advance(found[1], blocks)


COUNTERS = Counters()


def _fresh_state(seed: int, seed2: int) -> np.ndarray:
    """(key, low, high) of a pair of op seeds; (0, 0) asks for a random one."""
    if not seed and not seed2:
        key, high = np.frombuffer(os.urandom(16), np.uint64)
        return np.array([key, 0, high], np.uint64)
    return np.array([seed & (2**64 - 1), 0, seed2 & (2**64 - 1)], np.uint64)


def _advance(state: np.ndarray, blocks: int) -> np.ndarray:
    now = state.copy()
    position = int(state[1]) + (int(state[2]) << 64) + blocks
    state[1], state[2] = position & (2**64 - 1), (position >> 64) & (2**64 - 1)
    return now


def next_counter(node: Any, blocks: int) -> np.ndarray:
    """What a compiled program is handed for a stateful random node before each of its runs: uint64 [key, low,
    high]."""
    return COUNTERS.node(node, blocks)


def _runtime_state(b: Any, blocks: int) -> philox.State:
    node = b.node
    value = lift(b, b.runtime_input(object(), (3,), dtypes.uint64, partial(next_counter, node, blocks)))
    key, low, high = value[0], value[1], value[2]
    iteration = getattr(b, "iteration", None)
    if iteration is not None:
        # The host cannot hand over a state for every iteration of a loop: each has its own high word.
        high = high + (lift(b, b.convert(iteration, dtypes.uint64)) << 32)
    return key, low, high


# ----------------------------------------------------------------------------------------------------- shapes
def shape_of(values: np.ndarray) -> tuple[int, ...]:
    """A shape tensor's value as a tuple; InvalidArgumentError for negative sizes."""
    shape = tuple([int(d) for d in np.reshape(values, -1)])
    if any(d < 0 for d in shape):
        bad = next(d for d in shape if d < 0)
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Dimension {bad} must be >= 0: the shape of random numbers must be known, received"
            f" {list(shape)}.",
        )
    return shape


def count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def given(c: ShapeContext) -> Raw:
    """The output has the shape that input 0 holds."""
    first = c[0]
    if first is not None and len(first) != 1:
        raise ShapeError(f"shape must be a vector of {{int32,int64}}, got shape {shapes.text(first)}")
    dtype = c.attrs.get("dtype")
    if dtype is not None and dtype not in (WIDE_INTS if "Int" in c.op.name else REAL_OUT | FLOATS):
        raise ShapeError(f"Random numbers of dtype {dtype.name} are not available")
    value = c.value(0)
    if value is not None:
        return shape_of(value)
    return c.partial(0)


def given_then(i: int) -> Callable[[ShapeContext], Raw]:
    """The shape that input 0 holds, followed by the shape of input i."""

    def rule(c: ShapeContext) -> Raw:
        head = given(c)
        tail = c[i]
        return None if head is None or tail is None else head + tail

    return rule


# ------------------------------------------------------------------------------------ ops with an inner state
def _seeds(attrs: dict[str, Any]) -> tuple[int, int]:
    return int(attrs["seed"]), int(attrs["seed2"])


def stateful(
    name: str,
    signature: str,
    draw: Callable[..., Any],
    *,
    blocks: Callable[..., int],
    shape: Any = given,
    static: Sequence[str] = ("shape",),
    attrs: dict[str, Any] | None = None,
    types: dict[str, Any] | None = None,
    grad: Any = not_differentiable,
    doc: str | None = None,
) -> OpDef:
    """A stateful op. `draw(xp, state, *inputs, **attrs)` computes it for either target, and takes
    `blocks(*inputs)` blocks."""

    def kernel(*inputs: Any, seed: int, seed2: int, **rest: Any) -> Any:
        key = (name, seed, seed2, *rest.values(), *[a.dtype for a in inputs])
        state = COUNTERS.eager(key, seed, seed2, blocks(*inputs))
        return draw(HOST, tuple(state), *inputs, **rest)

    def lower(b: Any, *inputs: Any, seed: int, seed2: int, **rest: Any) -> Any:
        return _lowered(b, draw, _runtime_state(b, blocks(*inputs)), inputs, rest)

    return OpDef(
        name,
        signature,
        attrs={**(attrs or {}), "seed": 0, "seed2": 0},
        types={**SHAPES, **(types or {})},
        shape=shape,
        kernel=kernel,
        lower=lower,
        static=static,
        stateful=True,
        grad=grad,
        doc=doc,
    )


def _lowered(
    b: Any, draw: Callable[..., Any], state: philox.State, inputs: Sequence[Any], attrs: dict[str, Any]
) -> Any:
    result = draw(
        Program(b), state, *[x if isinstance(x, np.ndarray) else lift(b, x) for x in inputs], **attrs
    )
    return result.v if isinstance(result, Lifted) else result


def _shaped(sampler: Callable[..., Any]) -> Callable[..., Any]:
    def draw(xp: Any, state: philox.State, shape: np.ndarray, *rest: Any, dtype: DType) -> Any:
        size = shape_of(shape)
        return xp.reshape(sampler(xp, state, count(size), dtype, *rest), size)

    return draw


_uniform, _normal, _truncated, _full_int = (
    _shaped(f) for f in (philox.uniform, philox.normal, philox.truncated_normal, philox.full_int)
)


def _ranged(xp: Any, state: philox.State, shape: np.ndarray, minval: Any, maxval: Any) -> Any:
    size = shape_of(shape)
    if xp is HOST and count(size) and not minval < maxval:
        raise errors.InvalidArgumentError(None, None, f"Need minval < maxval, got {minval} >= {maxval}")
    dtype = minval.dtype if isinstance(minval, Lifted) else dtypes.from_numpy(minval.dtype)
    return xp.reshape(philox.uniform_int(xp, state, count(size), dtype, minval, maxval), size)


def _reserve(shape: np.ndarray, *rest: Any) -> int:
    return count(shape_of(shape)) * philox.RESERVED


RANDOM_UNIFORM = stateful(
    "RandomUniform",
    "shape: T -> output: dtype",
    _uniform,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Uniform numbers in [0, 1).",
)
RANDOM_NORMAL = stateful(
    "RandomStandardNormal",
    "shape: T -> output: dtype",
    _normal,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Normal numbers of mean 0, deviation 1.",
)
TRUNCATED_NORMAL = stateful(
    "TruncatedNormal",
    "shape: T -> output: dtype",
    _truncated,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Normal numbers inside [-2, 2].",
)
RANDOM_INT = stateful(
    "RandomUniformInt",
    "shape: T, minval: Tout, maxval: Tout -> output: Tout",
    _ranged,
    blocks=_reserve,
    types={"Tout": dtypes.INDEX},
    doc="Integers in [minval, maxval).",
)


# ---------------------------------------------------------------- samplers with one stream per output element
def _per_element(sampler: Callable[..., Any], to: Callable[..., Any]) -> Callable[..., Any]:
    """Draws `samples` numbers for each of the flat parameters: sample j of parameter i is number i * samples
    + j."""

    def draw(xp: Any, state: philox.State, samples: int, parameters: Sequence[Any], *rest: Any) -> Any:
        n = parameters[0].shape[0]
        wide = [
            xp.reshape(
                xp.broadcast(xp.reshape(xp.convert(p, dtypes.float64), (1, n)), (samples, n)), (samples * n,)
            )
            for p in parameters
        ]
        if isinstance(wide[0], Lifted):
            b = wide[0].b
            i, j = (
                lift(b, b.reshape(b.iota((samples, n), axis, dtypes.uint64), (samples * n,)))
                for axis in (1, 0)
            )
        else:
            grid = np.indices((samples, n)).astype(np.uint64).reshape(2, -1)
            j, i = grid[0], grid[1]
        if not samples * n:
            return wide[0]
        return sampler(xp, state, *wide, i * samples + j, *rest)

    return to(draw)


def _gamma_like(draw: Callable[..., Any]) -> Callable[..., Any]:
    def rule(xp: Any, state: philox.State, shape: np.ndarray, alpha: Any) -> Any:
        size = shape_of(shape)
        dtype = alpha.dtype if isinstance(alpha, Lifted) else dtypes.from_numpy(alpha.dtype)
        flat = xp.reshape(alpha, (count(alpha.shape),))
        return xp.reshape(xp.convert(draw(xp, state, count(size), [flat]), dtype), (*size, *alpha.shape))

    return rule


def _largest(dtype: DType) -> float:
    return float(dtype.max) if dtype.kind == "f" else float(int(dtype.max))


def _poisson_like(draw: Callable[..., Any]) -> Callable[..., Any]:
    def rule(xp: Any, state: philox.State, shape: np.ndarray, rate: Any, dtype: DType) -> Any:
        size = shape_of(shape)
        flat = xp.reshape(rate, (count(rate.shape),))
        drawn = draw(xp, state, count(size), [flat], _largest(dtype))
        return xp.reshape(_count_as(xp, drawn, dtype), (*size, *rate.shape))

    return rule


def _count_as(xp: Any, drawn: Any, dtype: DType) -> Any:
    """float64 counts as the output type; what is not a number is 0 among integers."""
    return xp.convert(xp.where(drawn == drawn, drawn, 0.0) if dtype.kind == "i" else drawn, dtype)


def _binomial_like(draw: Callable[..., Any]) -> Callable[..., Any]:
    def rule(xp: Any, state: philox.State, shape: np.ndarray, counts: Any, probs: Any, dtype: DType) -> Any:
        size = shape_of(shape)
        batch = np.broadcast_shapes(counts.shape, probs.shape)
        if batch and size[len(size) - len(batch) :] != batch:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Shape passed in must end with broadcasted shape: {list(size)} does not end with"
                f" {list(batch)}.",
            )
        n = count(batch)
        flat = [xp.reshape(xp.broadcast(p, batch), (n,)) for p in (counts, probs)]
        drawn = draw(xp, state, count(size) // max(n, 1), flat)
        return xp.reshape(_count_as(xp, drawn, dtype), size)

    return rule


_gamma = _per_element(philox.gamma, _gamma_like)
_poisson = _per_element(philox.poisson, _poisson_like)
binomial = _per_element(philox.binomial, _binomial_like)


def _reserve_per_parameter(shape: np.ndarray, parameter: Any) -> int:
    return count(shape_of(shape)) * count(parameter.shape) * philox.RESERVED


def _gamma_grad(op: Any, g: Any) -> list[Any]:
    """The samples differentiated with respect to alpha (implicit reparameterisation), summed over the
    samples."""
    alpha, sample = op.inputs[1], op.outputs[0]
    slope = lookup("RandomGammaGrad")(alpha, sample)
    lead = lookup("Range")(0, lookup("Size")(op.inputs[0]), 1)
    return [None, lookup("Sum")(lookup("Mul")(g, slope), lead, keep_dims=False)]


RANDOM_GAMMA = stateful(
    "RandomGamma",
    "shape: S, alpha: T -> output: T",
    _gamma,
    blocks=_reserve_per_parameter,
    shape=given_then(1),
    types={"T": FLOATS - {dtypes.bfloat16}},
    grad=_gamma_grad,
    doc="Gamma numbers of shape alpha and rate 1.",
)
RANDOM_POISSON = stateful(
    "RandomPoissonV2",
    "shape: S, rate: R -> output: dtype",
    _poisson,
    blocks=_reserve_per_parameter,
    shape=given_then(1),
    attrs={"dtype": dtypes.int64},
    types={"R": REAL_OUT},
    doc="Poisson numbers.",
)
OpDef(
    "RandomPoisson",
    "shape: S, rate: dtype -> output: dtype",
    attrs={"seed": 0, "seed2": 0},
    types={**SHAPES, "dtype": FLOATS},
    stateful=True,
    grad=not_differentiable,
    shape=given_then(1),
    body=lambda shape, rate, seed, seed2: RANDOM_POISSON(
        shape, rate, dtype=rate.dtype, seed=seed, seed2=seed2
    ),
)


def _gamma_slope(alpha: Any, sample: Any) -> Any:
    """d sample / d alpha = -(d P(alpha, sample) / d alpha) / p(sample; alpha), P the regularised incomplete
    gamma function."""
    log_density = lookup("Sub")(
        lookup("Sub")(
            lookup("Mul")(lookup("Sub")(alpha, lookup("OnesLike")(alpha)), lookup("Log")(sample)), sample
        ),
        lookup("Lgamma")(alpha),
    )
    return lookup("Neg")(lookup("RealDiv")(lookup("IgammaGradA")(alpha, sample), lookup("Exp")(log_density)))


OpDef(
    "RandomGammaGrad",
    "alpha: T, sample: T -> output: T",
    types={"T": frozenset({dtypes.float32, dtypes.float64})},
    body=_gamma_slope,
    shape=lambda c: None if c[0] is None or c[1] is None else shapes.broadcast(c[0], c[1]),
)


# ---------------------------------------------------------------------------------------- categorical numbers
def _multinomial(
    xp: Any, state: philox.State, logits: Any, num_samples: np.ndarray, output_dtype: DType
) -> Any:
    """Inverts each row's cumulative distribution at uniform float64 numbers, two of a block's words each."""
    samples = int(num_samples)
    rows, classes = logits.shape
    if samples < 0:
        raise errors.InvalidArgumentError(
            None, None, f"num_samples should be a nonnegative integer, got {samples}"
        )
    if rows and not classes:
        raise errors.InvalidArgumentError(None, None, f"num_classes should be positive, got {classes}")
    u = xp.reshape(philox.uniform(xp, state, rows * samples, dtypes.float64), (rows, samples))
    if xp is HOST:
        return _invert_host(np.asarray(logits, np.float64), u, output_dtype)
    b = u.b
    wide = b.convert(logits.v, dtypes.float64)
    infinity = b.full(wide.shape, np.inf, dtypes.float64)
    finite = b.compare("LT", b.unary("abs", wide), infinity)
    lowest = b.full(wide.shape, -np.inf, dtypes.float64)
    top = b.reduce(b.select(finite, wide, lowest), [1], "maximum", np.float64(-np.inf))
    mass = b.unary("exponential", b.sub(wide, b.broadcast_in_dim(top, wide.shape, [0])))
    mass = b.select(finite, mass, b.zeros(wide.shape, dtypes.float64))
    total = b.reduce_window(mass, "add", np.float64(0), [1, classes], padding=[(0, 0), (classes - 1, 0)])
    goal = b.mul(u.v, b.broadcast_to(b.slice(total, [0, classes - 1], [rows, classes]), (rows, samples)))
    shape = (rows, samples, classes)
    passed = b.compare(
        "LE", b.broadcast_in_dim(total, shape, [0, 2]), b.broadcast_in_dim(goal, shape, [0, 1])
    )
    return lift(b, b.reduce(b.convert(passed, output_dtype), [2], "add", output_dtype._np.type(0)))


def _invert_host(logits: np.ndarray, u: np.ndarray, dtype: DType) -> np.ndarray:
    finite = np.isfinite(logits)
    top = np.max(np.where(finite, logits, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    total = np.cumsum(np.where(finite, np.exp(logits - top), 0.0), axis=1)
    out = np.empty(u.shape, dtype._np)
    for row in range(len(u)):
        out[row] = np.searchsorted(total[row], u[row] * total[row, -1], side="right")
    return out


def _multinomial_shape(c: ShapeContext) -> Raw:
    rows = c.same_rank(0, 2)[0]  # type: ignore[index]
    samples = c.value(1)
    return rows, None if samples is None else int(samples)


def _multinomial_blocks(logits: Any, num_samples: np.ndarray) -> int:
    return (int(num_samples) + 3) // 4 * 4 * 2 * logits.shape[0] * philox.RESERVED


MULTINOMIAL = stateful(
    "Multinomial",
    "logits: T, num_samples: int32 -> output: output_dtype",
    _multinomial,
    blocks=_multinomial_blocks,
    shape=_multinomial_shape,
    static=("num_samples",),
    attrs={"output_dtype": dtypes.int64},
    types={"T": dtypes.REAL},
    doc="Class numbers drawn from unnormalised log-probabilities.",
)


# -------------------------------------------------------------------------------------------------- shuffling
def _shuffle(xp: Any, state: philox.State, value: Any) -> Any:
    n = value.shape[0] if value.shape else 0
    if n < 2:
        return value
    words = philox.full_int(xp, state, n - 1, dtypes.uint32)
    if xp is HOST:
        order = list(range(n))
        offsets = (words % np.arange(n, 1, -1, dtype=np.uint32)).tolist()
        for i, offset in enumerate(offsets):
            order[i], order[i + offset] = order[i + offset], order[i]
        return value[order]
    b = words.b
    offsets = b.binary("remainder", words.v, b.constant(np.arange(n, 1, -1, dtype=np.uint32)))
    picks = b.add(b.convert(offsets, dtypes.int32), b.iota((n - 1,), 0, dtypes.int32))

    def at(x: Any, i: Any) -> Any:
        return b.dynamic_slice(x, [i], [1])

    def body(i: Any, order: Any) -> Any:
        j = b.reshape(at(picks, i), ())
        first, second = at(order, i), at(order, j)
        order = b.dynamic_update_slice(b.dynamic_update_slice(order, second, [i]), first, [j])
        return [b.add(i, b.constant(1, dtypes.int32)), order]

    order = b.while_loop(
        [b.constant(0, dtypes.int32), b.iota((n,), 0, dtypes.int32)],
        lambda i, _: b.compare("LT", i, b.constant(n - 1, dtypes.int32)),
        body,
    )[1]
    rest = value.v.shape[1:]
    out = b.gather(
        value.v,
        b.reshape(order, (n, 1)),
        value.v.shape,
        offset_dims=range(1, 1 + len(rest)),
        collapsed=[0],
        start_map=[0],
        sizes=[1, *rest],
        index_dim=1,
    )
    return lift(b, out)


RANDOM_SHUFFLE = stateful(
    "RandomShuffle",
    "value: T -> output: T",
    _shuffle,
    blocks=lambda value: (max(value.shape[0] - 1, 0) + 3) // 4 if value.shape else 0,
    shape=lambda c: c[0],
    static=(),
    types={"T": frozenset(dtypes._BY_NAME.values())},
    doc="The rows of a tensor in random order.",
)


# ------------------------------------------------------------------------- stateless: key, counter, algorithm
def _key_state(key: Any, counter: Any) -> philox.State:
    return key[0], counter[0], counter[1]


def check_algorithm(alg: Any) -> None:
    if int(alg) not in (1, 3):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Unsupported algorithm id: {int(alg)}. Use 1 (Philox) or 3 (chosen automatically: Philox).",
        )


def stateless(
    name: str,
    signature: str,
    draw: Callable[..., Any],
    *,
    attrs: dict[str, Any] | None = None,
    types: dict[str, Any] | None = None,
    shape: Any = given,
    grad: Any = not_differentiable,
    first: int = 1,
) -> OpDef:
    """A stateless op with inputs (…, key, counter, alg, …) after its first `first` ones."""

    def arranged(inputs: Sequence[Any]) -> tuple[Any, Any, Sequence[Any]]:
        check_algorithm(inputs[first + 2])
        return inputs[first], inputs[first + 1], (*inputs[:first], *inputs[first + 3 :])

    def kernel(*inputs: Any, **attrs: Any) -> Any:
        key, counter, rest = arranged(inputs)
        return draw(HOST, _key_state(key, counter), *rest, **attrs)

    def lower(b: Any, *inputs: Any, **attrs: Any) -> Any:
        key, counter, rest = arranged(inputs)
        return _lowered(b, draw, _key_state(lift(b, key), lift(b, counter)), rest, attrs)

    return OpDef(
        name,
        signature,
        attrs=attrs,
        types={**SHAPES, **(types or {})},
        shape=shape,
        kernel=kernel,
        lower=lower,
        static=("shape", "alg"),
        grad=grad,
    )


_KEYED = "shape: Tshape, key: uint64, counter: uint64, alg: int32"
STATELESS_UNIFORM = stateless(
    "StatelessRandomUniformV2", f"{_KEYED} -> output: dtype", _uniform, attrs={"dtype": dtypes.float32}
)
STATELESS_NORMAL = stateless(
    "StatelessRandomNormalV2", f"{_KEYED} -> output: dtype", _normal, attrs={"dtype": dtypes.float32}
)
STATELESS_TRUNCATED = stateless(
    "StatelessTruncatedNormalV2", f"{_KEYED} -> output: dtype", _truncated, attrs={"dtype": dtypes.float32}
)
STATELESS_FULL_INT = stateless(
    "StatelessRandomUniformFullIntV2", f"{_KEYED} -> output: dtype", _full_int, attrs={"dtype": dtypes.uint64}
)
STATELESS_INT = stateless(
    "StatelessRandomUniformIntV2",
    f"{_KEYED}, minval: dtype, maxval: dtype -> output: dtype",
    _ranged,
    types={"dtype": WIDE_INTS},
)
STATELESS_GAMMA = stateless(
    "StatelessRandomGammaV3",
    "shape: shape_dtype, key: uint64, counter: uint64, alg: int32, alpha: dtype -> output: dtype",
    lambda *arguments: _gamma_tail(*arguments),
    types={"dtype": FLOATS - {dtypes.bfloat16}},
    grad=lambda op, g: _stateless_gamma_grad(op, g),
)
STATELESS_SHUFFLE = stateless(
    "StatelessShuffle",
    "value: T, key: uint64, counter: uint64, alg: int32 -> output: T",
    _shuffle,
    shape=lambda c: c[0],
    types={"T": frozenset(dtypes._BY_NAME.values())},
)


def _gamma_tail(xp: Any, state: philox.State, shape: np.ndarray, alpha: Any) -> Any:
    """The stateless op's `shape` is the whole output's and ends with alpha's."""
    size, tail = shape_of(shape), tuple(alpha.shape)
    if tail and size[len(size) - len(tail) :] != tail:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Shape passed in must end with broadcasted shape: {list(size)} does not end with {list(tail)}.",
        )
    return _gamma(xp, state, np.asarray(size[: len(size) - len(tail)], np.int64), alpha)


def _stateless_gamma_grad(op: Any, g: Any) -> list[Any]:
    *others, alpha = op.inputs
    slope = lookup("Mul")(g, lookup("RandomGammaGrad")(alpha, op.outputs[0]))
    lead = lookup("Range")(0, lookup("Sub")(lookup("Rank")(slope), lookup("Rank")(alpha)), 1)
    return [*[None] * len(others), lookup("Sum")(slope, lead, keep_dims=False)]


# --------------------------------------------------------------------------------- stateless: a pair of seeds
def _scramble(xp: Any, seed: Any) -> philox.State:
    wide = xp.convert(seed, dtypes.uint64)
    return philox.scramble(xp, wide[0], wide[1])


def _key_counter_kernel(seed: np.ndarray) -> list[np.ndarray]:
    key, low, high = _scramble(HOST, seed)
    return [np.asarray([key]), np.asarray([low, high])]


def _key_counter_lower(b: Any, seed: Any) -> list[Any]:
    key, low, high = (b.reshape(part.v, (1,)) for part in _scramble(Program(b), lift(b, seed)))
    return [key, b.concatenate([low, high], 0)]


def _seed_shape(c: ShapeContext, i: int = 0) -> None:
    if c[i] is not None and (len(c[i]) != 1 or c[i][0] not in (2, None)):  # type: ignore[arg-type,index]
        raise ShapeError(f"seed must have shape [2], not {shapes.text(c[i])}")


def _key_counter_shape(c: ShapeContext) -> list[Raw]:
    _seed_shape(c)
    return [(1,), (2,)]


KEY_COUNTER = OpDef(
    "StatelessRandomGetKeyCounter",
    "seed: Tseed -> key: uint64, counter: uint64",
    types=SEEDS,
    shape=_key_counter_shape,
    kernel=_key_counter_kernel,
    lower=_key_counter_lower,
    grad=not_differentiable,
)
GET_ALG = OpDef(
    "StatelessRandomGetAlg",
    "-> alg: int32",
    shape=lambda c: (),
    kernel=lambda: np.asarray(1, np.int32),
    lower=lambda b: np.asarray(1, np.int32),
    grad=not_differentiable,
)
OpDef(
    "StatelessRandomGetKeyCounterAlg",
    "seed: Tseed -> key: uint64, counter: uint64, alg: int32",
    types=SEEDS,
    shape=lambda c: [*_key_counter_shape(c), ()],
    body=lambda seed: (*KEY_COUNTER(seed), GET_ALG()),
    grad=not_differentiable,
)


def seeded(
    name: str,
    signature: str,
    draw: Callable[..., Any],
    *,
    attrs: dict[str, Any] | None = None,
    types: dict[str, Any] | None = None,
    shape: Any = given,
    static: Sequence[str] = ("shape",),
    seed: int = 1,
    grad: Any = not_differentiable,
) -> OpDef:
    """A stateless op that takes a pair of seeds as its input number `seed`."""

    def kernel(*inputs: Any, **attrs: Any) -> Any:
        return draw(HOST, _scramble(HOST, inputs[seed]), *inputs[:seed], *inputs[seed + 1 :], **attrs)

    def lower(b: Any, *inputs: Any, **attrs: Any) -> Any:
        return _lowered(
            b,
            draw,
            _scramble(Program(b), lift(b, inputs[seed])),
            (*inputs[:seed], *inputs[seed + 1 :]),
            attrs,
        )

    def checked_shape(c: ShapeContext) -> Raw:
        _seed_shape(c, seed)
        return shape(c)

    return OpDef(
        name,
        signature,
        attrs=attrs,
        types={**SHAPES, **SEEDS, **(types or {})},
        shape=checked_shape,
        kernel=kernel,
        lower=lower,
        static=static,
        grad=grad,
    )


_SEEDED = "shape: T, seed: Tseed"
seeded("StatelessRandomUniform", f"{_SEEDED} -> output: dtype", _uniform, attrs={"dtype": dtypes.float32})
seeded("StatelessRandomNormal", f"{_SEEDED} -> output: dtype", _normal, attrs={"dtype": dtypes.float32})
seeded("StatelessTruncatedNormal", f"{_SEEDED} -> output: dtype", _truncated, attrs={"dtype": dtypes.float32})
seeded(
    "StatelessRandomUniformFullInt", f"{_SEEDED} -> output: dtype", _full_int, attrs={"dtype": dtypes.uint64}
)
seeded(
    "StatelessRandomUniformInt",
    f"{_SEEDED}, minval: dtype, maxval: dtype -> output: dtype",
    _ranged,
    types={"dtype": dtypes.INDEX},
)
seeded(
    "StatelessRandomGammaV2",
    f"{_SEEDED}, alpha: dtype -> output: dtype",
    _gamma_tail,
    types={"dtype": FLOATS - {dtypes.bfloat16}},
    grad=_stateless_gamma_grad,
)


def _poisson_tail(xp: Any, state: philox.State, shape: np.ndarray, lam: Any, dtype: DType) -> Any:
    size, tail = shape_of(shape), tuple(lam.shape)
    if tail and size[len(size) - len(tail) :] != tail:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Shape passed in must end with broadcasted shape: {list(size)} does not end with {list(tail)}.",
        )
    return _poisson(xp, state, np.asarray(size[: len(size) - len(tail)], np.int64), lam, dtype)


STATELESS_POISSON = seeded(
    "StatelessRandomPoisson",
    f"{_SEEDED}, lam: Rtype -> output: dtype",
    _poisson_tail,
    attrs={"dtype": REQUIRED},
    types={"Rtype": REAL_OUT},
)
STATELESS_BINOMIAL = seeded(
    "StatelessRandomBinomial",
    "shape: S, seed: Tseed, counts: T, probs: T -> output: dtype",
    binomial,
    attrs={"dtype": dtypes.int64},
    types={"T": REAL_OUT},
)
STATELESS_MULTINOMIAL = seeded(
    "StatelessMultinomial",
    "logits: T, num_samples: int32, seed: Tseed -> output: output_dtype",
    _multinomial,
    attrs={"output_dtype": dtypes.int64},
    types={"T": dtypes.REAL},
    shape=_multinomial_shape,
    static=("num_samples",),
    seed=2,
)


def _bounded_like(draw: Callable[..., Any]) -> Callable[..., Any]:
    def rule(
        xp: Any, state: philox.State, shape: np.ndarray, means: Any, stddevs: Any, minvals: Any, maxvals: Any
    ) -> Any:
        size = shape_of(shape)
        parameters = means, stddevs, minvals, maxvals
        if xp is HOST and not np.all(
            (stddevs > 0) & (minvals < maxvals) & (np.isfinite(minvals) | np.isfinite(maxvals))
        ):
            raise errors.InvalidArgumentError(
                None,
                None,
                "Invalid parameters: stddevs must be positive, minvals less than maxvals, and one of the two"
                " finite.",
            )
        batch = np.broadcast_shapes(*[p.shape for p in parameters])
        if batch and size[len(size) - len(batch) :] != batch:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Shape passed in must end with broadcasted shape: {list(size)} does not end with"
                f" {list(batch)}.",
            )
        n = count(batch)
        flat = [xp.reshape(xp.broadcast(p, batch), (n,)) for p in parameters]
        dtype = means.dtype if isinstance(means, Lifted) else dtypes.from_numpy(means.dtype)
        return xp.reshape(xp.convert(draw(xp, state, count(size) // max(n, 1), flat), dtype), size)

    return rule


_bounded = _per_element(philox.bounded_normal, _bounded_like)
_BOUNDED = "means: dtype, stddevs: dtype, minvals: dtype, maxvals: dtype -> output: dtype"
STATELESS_BOUNDED = seeded(
    "StatelessParameterizedTruncatedNormal",
    f"shape: S, seed: Tseed, {_BOUNDED}",
    _bounded,
    types={"dtype": FLOATS - {dtypes.bfloat16}},
)


def _bounded_rows(xp: Any, state: philox.State, shape: np.ndarray, *parameters: Any) -> Any:
    """The stateful op's parameters belong to the output's first dimension."""
    size = shape_of(shape)
    rest = (1,) * (len(size) - 1)
    return _bounded(
        xp,
        state,
        shape,
        *[xp.broadcast(xp.reshape(p, (*p.shape, *rest)) if p.shape else p, size) for p in parameters],
    )


stateful(
    "ParameterizedTruncatedNormal",
    f"shape: T, {_BOUNDED.replace('stddevs', 'stdevs')}",
    _bounded_rows,
    blocks=_reserve,
    types={"dtype": FLOATS},
)
