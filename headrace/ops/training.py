"""The update steps of TensorFlow's optimizers as ops on variables: `ResourceApplyAdam`, `ResourceSparseApplyMomentum` …

A step is a function from the values of the variables, the hyperparameters and the gradient to the variables' new values. The
dense op applies it to whole variables; the sparse one to the rows `indices`, one after another: a row that is named twice
makes two steps.

The optimizers of 1.x add up the gradients of a row first (`Unique`, `UnsortedSegmentSum`). How many rows are left depends on
data, which no compiled program can hold; so where a graph does this, the compiler takes the sparse op together with the
sums before it as one op that keeps all rows, each with the sum of its gradients (`OF_SUMS`, `compiler/optimise/rows.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.op import OpDef, lookup
from headrace.core.tape import not_differentiable

from . import operators as _operators  # noqa: F401 - steps are written with them
from .gather import GATHER_V2
from .math import absolute, exp, maximum, power, rsqrt, sign, sqrt, square
from .state import ASSIGN, GATHER, READ, SCATTER_UPDATE

Step = Callable[..., Sequence[Any]]
# The op that takes the place of a sparse one and of the sums of gradients before it.
OF_SUMS: dict[str, OpDef] = {}


def _row(
    name: str,
    variables: str,
    parameters: str,
    step: Step,
    *,
    sparse: bool = True,
    last: str = "",
    **attrs: Any,
) -> None:
    """Defines `ResourceApply{name}` and `ResourceSparseApply{name}`. The gradient comes after the parameters, before those in
    `last` (which `step` takes after it)."""
    names = variables.split()
    attrs = {"use_locking": False, **attrs}

    def step_of(values: Sequence[Any], rest: Sequence[Any], options: dict[str, Any]) -> Sequence[Any]:
        return step(*values, *rest, **{k: v for k, v in options.items() if k != "use_locking"})

    def dense(*args: Any, **options: Any) -> None:
        handles, rest = args[: len(names)], args[len(names) :]
        grad = rest[len(parameters.split())]
        values = [READ(h, dtype=grad.dtype) for h in handles]
        for h, new in zip(handles, step_of(values, rest, options)):
            if new is not None:
                ASSIGN(h, new)

    def rows(*args: Any, **options: Any) -> None:
        handles, rest = args[: len(names)], list(args[len(names) :])
        at = len(parameters.split())
        grad, indices = rest[at], rest.pop(at + 1)
        n, positions, bound = _places(handles[0], indices)

        def owners(left: Any) -> Any:
            """For each position the first one of those that are left with its index; n if there is none."""
            places = lookup("SelectV2")(left, positions, n)
            return GATHER_V2(lookup("UnsortedSegmentMin")(places, indices, bound), indices, 0)

        def again(owner: Any) -> Any:
            """A step with one gradient of each row. All positions of a row write the same; rows without a gradient left
            keep what they have."""
            some = lookup("Less")(owner, n)
            rest[at] = GATHER_V2(grad, lookup("Minimum")(owner, n - 1), 0)
            values = [GATHER(h, indices, dtype=grad.dtype) for h in handles]
            for h, old, new in zip(handles, values, step_of(values, rest, options)):
                if new is not None:
                    SCATTER_UPDATE(h, indices, lookup("SelectV2")(_against(some, new), new, old))
            return owners(lookup("Greater")(positions, owner))

        from headrace.api.control import while_loop

        first = owners(lookup("GreaterEqual")(positions, 0))
        while_loop(lambda owner: lookup("Any")(lookup("Less")(owner, n), [0]), again, [first])

    def sums(*args: Any, **options: Any) -> None:
        handles, rest = args[: len(names)], list(args[len(names) :])
        at = len(parameters.split())
        grad, indices = rest[at], rest.pop(at + 1)
        n, positions, bound = _places(handles[0], indices)
        # Of the positions with one index one speaks for all: the last.
        owner = GATHER_V2(lookup("UnsortedSegmentMax")(positions, indices, bound), indices, 0)
        rest[at] = GATHER_V2(lookup("UnsortedSegmentSum")(grad, owner, n), owner, 0)
        values = [GATHER(h, indices, dtype=grad.dtype) for h in handles]
        for h, new in zip(handles, step_of(values, rest, options)):
            if new is not None:
                SCATTER_UPDATE(h, indices, new)

    def typed(words: str) -> str:
        return "".join([f", {w}: {'int64' if w == 'global_step' else 'T'}" for w in words.split()])

    inputs = ", ".join([f"{n}: resource" for n in names]) + typed(parameters)
    gradient = "delta" if name in ("GradientDescent", "ProximalGradientDescent") else "grad"
    common: dict[str, Any] = {
        "attrs": attrs, "shape": lambda c: [], "stateful": True, "grad": not_differentiable,
    }  # fmt: skip
    OpDef(f"ResourceApply{name}", f"{inputs}, {gradient}: T{typed(last)} ->", body=dense, **common)
    if sparse:
        signature = f"{inputs}, grad: T, indices: Tindices{typed(last)} ->"
        sparse_op = OpDef(
            f"ResourceSparseApply{name}", signature, types={"Tindices": dtypes.INDEX}, body=rows, **common
        )
        OF_SUMS[sparse_op.name] = OpDef(
            f"_{sparse_op.name}OfSums", signature, types={"Tindices": dtypes.INDEX}, body=sums, **common
        )


def _places(handle: Any, indices: Any) -> tuple[Any, Any, Any]:
    """How many indices there are, their positions, and how many rows the variable has."""
    n = GATHER_V2(lookup("Shape")(indices), 0, 0)
    return n, lookup("Range")(0, n, 1), GATHER_V2(lookup("VariableShape")(handle), 0, 0)


def _against(mask: Any, rows: Any) -> Any:
    """[n] as [n, 1, …], of the rank of the rows."""
    extra = lookup("Sub")(lookup("Rank")(rows), 1)
    shape = lookup("ConcatV2")([lookup("Shape")(mask), lookup("Fill")(lookup("ExpandDims")(extra, 0), 1)], 0)
    return lookup("Reshape")(mask, shape)


def _cast(x: Any, like: Any) -> Any:
    return lookup("Cast")(x, DstT=like.dtype)


# ---------------------------------------------------------------------------------------------------------- the steps
def _momentum(var: Any, accum: Any, lr: Any, g: Any, momentum: Any, use_nesterov: bool) -> Sequence[Any]:
    accum = accum * momentum + g
    return var - lr * (g + accum * momentum if use_nesterov else accum), accum


def _keras_momentum(
    var: Any, accum: Any, lr: Any, g: Any, momentum: Any, use_nesterov: bool
) -> Sequence[Any]:
    accum = accum * momentum - lr * g
    return var + (accum * momentum - lr * g if use_nesterov else accum), accum


def _adagrad(var: Any, accum: Any, lr: Any, g: Any, update_slots: bool) -> Sequence[Any]:
    new = accum + square(g) if update_slots else accum
    return var - lr * g * rsqrt(new), new if update_slots else None


def _adagrad_v2(var: Any, accum: Any, lr: Any, epsilon: Any, g: Any, update_slots: bool) -> Sequence[Any]:
    new = accum + square(g) if update_slots else accum
    return var - lr * g / (sqrt(new) + epsilon), new if update_slots else None


def _adagrad_da(
    var: Any, total: Any, squares: Any, g: Any, lr: Any, l1: Any, l2: Any, global_step: Any
) -> Sequence[Any]:
    total, squares, step = total + g, squares + square(g), _cast(global_step, g)
    shrunk = sign(total) * maximum(absolute(total) - l1 * step, total * 0)
    return -lr * shrunk / (l2 * step * lr + sqrt(squares)), total, squares


def _adam(
    var: Any, m: Any, v: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any, g: Any,
    use_nesterov: bool,
) -> Sequence[Any]:  # fmt: skip
    rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
    m, v = m + (g - m) * (1 - beta1), v + (square(g) - v) * (1 - beta2)
    ahead = m * beta1 + (1 - beta1) * g if use_nesterov else m
    return var - ahead * rate / (sqrt(v) + epsilon), m, v


def _amsgrad(
    var: Any, m: Any, v: Any, vhat: Any, beta1_power: Any, beta2_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any,
    g: Any,
) -> Sequence[Any]:  # fmt: skip
    rate = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
    m, v = m + (g - m) * (1 - beta1), v + (square(g) - v) * (1 - beta2)
    vhat = maximum(vhat, v)
    return var - m * rate / (sqrt(vhat) + epsilon), m, v, vhat


def _adamax(
    var: Any, m: Any, v: Any, beta1_power: Any, lr: Any, beta1: Any, beta2: Any, epsilon: Any, g: Any
) -> Sequence[Any]:
    m, v = m + (g - m) * (1 - beta1), maximum(beta2 * v, absolute(g))
    return var - lr / (1 - beta1_power) * m / (v + epsilon), m, v


def _rmsprop(
    var: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, g: Any
) -> Sequence[Any]:
    ms = ms + (square(g) - ms) * (1 - rho)
    mom = mom * momentum + lr * g * rsqrt(ms + epsilon)
    return var - mom, ms, mom


def _centered_rmsprop(
    var: Any, mg: Any, ms: Any, mom: Any, lr: Any, rho: Any, momentum: Any, epsilon: Any, g: Any
) -> Sequence[Any]:
    ms, mg = ms + (square(g) - ms) * (1 - rho), mg + (g - mg) * (1 - rho)
    mom = mom * momentum + lr * g * rsqrt(ms - square(mg) + epsilon)
    return var - mom, mg, ms, mom


def _adadelta(var: Any, accum: Any, updates: Any, lr: Any, rho: Any, epsilon: Any, g: Any) -> Sequence[Any]:
    accum = accum * rho + square(g) * (1 - rho)
    update = sqrt(updates + epsilon) * rsqrt(accum + epsilon) * g
    return var - lr * update, accum, updates * rho + square(update) * (1 - rho)


def _ftrl(
    var: Any, accum: Any, linear: Any, g: Any, lr: Any, l1: Any, l2: Any, lr_power: Any, multiply_linear_by_lr: bool,
    shrinkage: Any = None,
) -> Sequence[Any]:  # fmt: skip
    shrunk = g if shrinkage is None else g + 2 * shrinkage * var
    new = accum + square(g)
    before, after = power(accum, -lr_power), power(new, -lr_power)
    if multiply_linear_by_lr:
        linear = linear + lr * shrunk - (after - before) * var
        l1, l2, scale = l1 * lr, l2 * lr, after
    else:
        linear = linear + shrunk - (after - before) / lr * var
        scale = after / lr
    value = (l1 * sign(linear) - linear) / (scale + 2 * l2)
    return lookup("SelectV2")(absolute(linear) > l1, value, value * 0), new, linear


def _ftrl_v2(
    var: Any, accum: Any, linear: Any, g: Any, lr: Any, l1: Any, l2: Any, l2_shrinkage: Any, lr_power: Any,
    multiply_linear_by_lr: bool,
) -> Sequence[Any]:  # fmt: skip
    return _ftrl(var, accum, linear, g, lr, l1, l2, lr_power, multiply_linear_by_lr, l2_shrinkage)


def _proximal(var: Any, rate: Any, l1: Any, l2: Any, g: Any) -> Any:
    moved = var - rate * g
    return sign(moved) * maximum(absolute(moved) - rate * l1, moved * 0) / (1 + l2 * rate)


def _proximal_adagrad(var: Any, accum: Any, lr: Any, l1: Any, l2: Any, g: Any) -> Sequence[Any]:
    accum = accum + square(g)
    return _proximal(var, lr * rsqrt(accum), l1, l2, g), accum


def _add_sign(var: Any, m: Any, lr: Any, alpha: Any, sign_decay: Any, beta: Any, g: Any) -> Sequence[Any]:
    m = m * beta + g * (1 - beta)
    return var - lr * (alpha + sign_decay * sign(g) * sign(m)) * g, m


def _power_sign(var: Any, m: Any, lr: Any, logbase: Any, sign_decay: Any, beta: Any, g: Any) -> Sequence[Any]:
    m = m * beta + g * (1 - beta)
    return var - lr * exp(logbase * sign_decay * sign(g) * sign(m)) * g, m


_row("GradientDescent", "var", "alpha", lambda var, alpha, g: [var - alpha * g], sparse=False)
_row(
    "ProximalGradientDescent",
    "var",
    "alpha l1 l2",
    lambda var, alpha, l1, l2, g: [_proximal(var, alpha, l1, l2, g)],
)
_row("Momentum", "var accum", "lr", _momentum, last="momentum", use_nesterov=False)
_row("KerasMomentum", "var accum", "lr", _keras_momentum, last="momentum", use_nesterov=False)
_row("Adagrad", "var accum", "lr", _adagrad, update_slots=True)
_row("AdagradV2", "var accum", "lr epsilon", _adagrad_v2, update_slots=True)
_row(
    "AdagradDA",
    "var gradient_accumulator gradient_squared_accumulator",
    "",
    _adagrad_da,
    last="lr l1 l2 global_step",
)
_row("ProximalAdagrad", "var accum", "lr l1 l2", _proximal_adagrad)
_row(
    "Adam",
    "var m v",
    "beta1_power beta2_power lr beta1 beta2 epsilon",
    _adam,
    sparse=False,
    use_nesterov=False,
)
_row(
    "AdamWithAmsgrad",
    "var m v vhat",
    "beta1_power beta2_power lr beta1 beta2 epsilon",
    _amsgrad,
    sparse=False,
)
_row("AdaMax", "var m v", "beta1_power lr beta1 beta2 epsilon", _adamax, sparse=False)
_row("RMSProp", "var ms mom", "lr rho momentum epsilon", _rmsprop)
_row("CenteredRMSProp", "var mg ms mom", "lr rho momentum epsilon", _centered_rmsprop)
_row("Adadelta", "var accum accum_update", "lr rho epsilon", _adadelta)
_row("Ftrl", "var accum linear", "", _ftrl, last="lr l1 l2 lr_power", multiply_linear_by_lr=False)
_row(
    "FtrlV2",
    "var accum linear",
    "",
    _ftrl_v2,
    last="lr l1 l2 l2_shrinkage lr_power",
    multiply_linear_by_lr=False,
)
_row("AddSign", "var m", "lr alpha sign_decay beta", _add_sign, sparse=False)
_row("PowerSign", "var m", "lr logbase sign_decay beta", _power_sign, sparse=False)
