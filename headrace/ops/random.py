"""Random ops: stateful ones, seeded once and advancing at every run, and stateless ones, whose numbers depend
on their inputs alone.

All are one generator (`philox.py`) and a few recipes (`draws.py`), wired in three ways: the state comes
from a counter that advances (`stateful`), from a key and a counter (`stateless`), or from a pair of seeds
(`seeded`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

from . import draws, philox
from .counters import COUNTERS, runtime_state
from .draws import count, shape_of
from .formula import HOST, Lifted, Program, lift

FLOATS = dtypes.FLOATS
WIDE_INTS = frozenset({dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64})
REAL_OUT = frozenset({dtypes.float16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64})
SHAPES = {"T": dtypes.INDEX, "S": dtypes.INDEX, "Tshape": dtypes.INDEX, "shape_dtype": dtypes.INDEX}
SEEDS = {"Tseed": WIDE_INTS}


# --------------------------------------------------------------------------------------------------- stateful
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
        return _lowered(b, draw, runtime_state(b, blocks(*inputs)), inputs, rest)

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


def _reserve(shape: np.ndarray, *rest: Any) -> int:
    return count(shape_of(shape)) * philox.RESERVED


RANDOM_UNIFORM = stateful(
    "RandomUniform",
    "shape: T -> output: dtype",
    draws.uniform,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Uniform numbers in [0, 1).",
)
RANDOM_NORMAL = stateful(
    "RandomStandardNormal",
    "shape: T -> output: dtype",
    draws.normal,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Normal numbers of mean 0, deviation 1.",
)
TRUNCATED_NORMAL = stateful(
    "TruncatedNormal",
    "shape: T -> output: dtype",
    draws.truncated_normal,
    blocks=_reserve,
    attrs={"dtype": REQUIRED},
    doc="Normal numbers inside [-2, 2].",
)
RANDOM_INT = stateful(
    "RandomUniformInt",
    "shape: T, minval: Tout, maxval: Tout -> output: Tout",
    draws.uniform_int,
    blocks=_reserve,
    types={"Tout": dtypes.INDEX},
    doc="Integers in [minval, maxval).",
)


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
    draws.gamma,
    blocks=_reserve_per_parameter,
    shape=given_then(1),
    types={"T": FLOATS - {dtypes.bfloat16}},
    grad=_gamma_grad,
    doc="Gamma numbers of shape alpha and rate 1.",
)
RANDOM_POISSON = stateful(
    "RandomPoissonV2",
    "shape: S, rate: R -> output: dtype",
    draws.poisson,
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


def _multinomial_shape(c: ShapeContext) -> Raw:
    rows = c.same_rank(0, 2)[0]  # type: ignore[index]
    samples = c.value(1)
    return rows, None if samples is None else int(samples)


def _multinomial_blocks(logits: Any, num_samples: np.ndarray) -> int:
    return (int(num_samples) + 3) // 4 * 4 * 2 * logits.shape[0] * philox.RESERVED


MULTINOMIAL = stateful(
    "Multinomial",
    "logits: T, num_samples: int32 -> output: output_dtype",
    draws.multinomial,
    blocks=_multinomial_blocks,
    shape=_multinomial_shape,
    static=("num_samples",),
    attrs={"output_dtype": dtypes.int64},
    types={"T": dtypes.REAL},
    doc="Class numbers drawn from unnormalised log-probabilities.",
)
RANDOM_SHUFFLE = stateful(
    "RandomShuffle",
    "value: T -> output: T",
    draws.shuffle,
    blocks=lambda value: (max(value.shape[0] - 1, 0) + 3) // 4 if value.shape else 0,
    shape=lambda c: c[0],
    static=(),
    types={"T": frozenset(dtypes._BY_NAME.values())},
    doc="The rows of a tensor in random order.",
)
_BOUNDED = "means: dtype, stddevs: dtype, minvals: dtype, maxvals: dtype -> output: dtype"
stateful(
    "ParameterizedTruncatedNormal",
    f"shape: T, {_BOUNDED.replace('stddevs', 'stdevs')}",
    draws.bounded_normal_rows,
    blocks=_reserve,
    types={"dtype": FLOATS},
)


# ------------------------------------------------------------------------- stateless: key, counter, algorithm
def _key_state(key: Any, counter: Any) -> philox.State:
    return key[0], counter[0], counter[1]


def check_algorithm(alg: Any) -> None:
    if int(alg) not in (1, 3):
        raise invalid(
            f"Unsupported algorithm id: {int(alg)}. Use 1 (Philox) or 3 (chosen automatically: Philox)."
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


def _stateless_gamma_grad(op: Any, g: Any) -> list[Any]:
    *others, alpha = op.inputs
    slope = lookup("Mul")(g, lookup("RandomGammaGrad")(alpha, op.outputs[0]))
    lead = lookup("Range")(0, lookup("Sub")(lookup("Rank")(slope), lookup("Rank")(alpha)), 1)
    return [*[None] * len(others), lookup("Sum")(slope, lead, keep_dims=False)]


_KEYED = "shape: Tshape, key: uint64, counter: uint64, alg: int32"
STATELESS_UNIFORM = stateless(
    "StatelessRandomUniformV2", f"{_KEYED} -> output: dtype", draws.uniform, attrs={"dtype": dtypes.float32}
)
STATELESS_NORMAL = stateless(
    "StatelessRandomNormalV2", f"{_KEYED} -> output: dtype", draws.normal, attrs={"dtype": dtypes.float32}
)
STATELESS_TRUNCATED = stateless(
    "StatelessTruncatedNormalV2",
    f"{_KEYED} -> output: dtype",
    draws.truncated_normal,
    attrs={"dtype": dtypes.float32},
)
STATELESS_FULL_INT = stateless(
    "StatelessRandomUniformFullIntV2",
    f"{_KEYED} -> output: dtype",
    draws.full_int,
    attrs={"dtype": dtypes.uint64},
)
STATELESS_INT = stateless(
    "StatelessRandomUniformIntV2",
    f"{_KEYED}, minval: dtype, maxval: dtype -> output: dtype",
    draws.uniform_int,
    types={"dtype": WIDE_INTS},
)
STATELESS_GAMMA = stateless(
    "StatelessRandomGammaV3",
    "shape: shape_dtype, key: uint64, counter: uint64, alg: int32, alpha: dtype -> output: dtype",
    partial(draws.gamma, whole=True),
    types={"dtype": FLOATS - {dtypes.bfloat16}},
    grad=_stateless_gamma_grad,
)
STATELESS_SHUFFLE = stateless(
    "StatelessShuffle",
    "value: T, key: uint64, counter: uint64, alg: int32 -> output: T",
    draws.shuffle,
    shape=lambda c: c[0],
    types={"T": frozenset(dtypes._BY_NAME.values())},
)


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
seeded(
    "StatelessRandomUniform", f"{_SEEDED} -> output: dtype", draws.uniform, attrs={"dtype": dtypes.float32}
)
seeded("StatelessRandomNormal", f"{_SEEDED} -> output: dtype", draws.normal, attrs={"dtype": dtypes.float32})
seeded(
    "StatelessTruncatedNormal",
    f"{_SEEDED} -> output: dtype",
    draws.truncated_normal,
    attrs={"dtype": dtypes.float32},
)
seeded(
    "StatelessRandomUniformFullInt",
    f"{_SEEDED} -> output: dtype",
    draws.full_int,
    attrs={"dtype": dtypes.uint64},
)
seeded(
    "StatelessRandomUniformInt",
    f"{_SEEDED}, minval: dtype, maxval: dtype -> output: dtype",
    draws.uniform_int,
    types={"dtype": dtypes.INDEX},
)
seeded(
    "StatelessRandomGammaV2",
    f"{_SEEDED}, alpha: dtype -> output: dtype",
    partial(draws.gamma, whole=True),
    types={"dtype": FLOATS - {dtypes.bfloat16}},
    grad=_stateless_gamma_grad,
)
STATELESS_POISSON = seeded(
    "StatelessRandomPoisson",
    f"{_SEEDED}, lam: Rtype -> output: dtype",
    partial(draws.poisson, whole=True),
    attrs={"dtype": REQUIRED},
    types={"Rtype": REAL_OUT},
)
STATELESS_BINOMIAL = seeded(
    "StatelessRandomBinomial",
    "shape: S, seed: Tseed, counts: T, probs: T -> output: dtype",
    draws.binomial,
    attrs={"dtype": dtypes.int64},
    types={"T": REAL_OUT},
)
STATELESS_MULTINOMIAL = seeded(
    "StatelessMultinomial",
    "logits: T, num_samples: int32, seed: Tseed -> output: output_dtype",
    draws.multinomial,
    attrs={"output_dtype": dtypes.int64},
    types={"T": dtypes.REAL},
    shape=_multinomial_shape,
    static=("num_samples",),
    seed=2,
)
STATELESS_BOUNDED = seeded(
    "StatelessParameterizedTruncatedNormal",
    f"shape: S, seed: Tseed, {_BOUNDED}",
    draws.bounded_normal,
    types={"dtype": FLOATS - {dtypes.bfloat16}},
)
