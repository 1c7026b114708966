"""How many operations on numbers an op needs, by its type: one table for all who count.

The rules of the ops that TensorFlow counts are TensorFlow's, so that published numbers can be compared (a multiplication and
an addition are two; a convolution's padding counts as if it were data). `others` are those that it leaves out: elementwise
functions count one per element."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Rule = Callable[["Shapes"], float]


class UnknownShape(ValueError):
    """The cost cannot be told, because a shape is not known."""


class Shapes:
    """What a rule may ask of an op: the shapes of its inputs and outputs, and attributes."""

    def __init__(self, node: Any, unknown: int | None = None) -> None:
        self.node, self.unknown = node, unknown

    def input(self, i: int) -> tuple[int, ...]:
        return self._shape(self.node.inputs[i])

    def output(self, i: int = 0) -> tuple[int, ...]:
        return self._shape(self.node.outputs[i])

    def _shape(self, t: Any) -> tuple[int, ...]:
        raw = t._raw_shape
        shape: Any = None if raw is None else [self.unknown if d is None else d for d in raw]
        if shape is None or None in shape:
            raise UnknownShape(f"The shape of {t.name} is not known: {raw}.")
        return tuple(shape)

    def attr(self, name: str) -> Any:
        return self.node.attrs[name]  # as it is here: strings are text


TABLE: dict[str, Rule] = {}  # what TensorFlow counts
OTHERS: dict[str, Rule] = {}  # what it does not
REGISTERED: dict[tuple[str, str], Callable[..., Any]] = {}  # a program's own (`ops.RegisterStatistics`)


def flops(node: Any, unknown: int | None = None, others: bool = True) -> int | None:
    """The operations that a node needs; None if there is no rule for its type.

    Args:
      node: an operation of a graph.
      unknown: what unknown dims count as.
      others: whether ops that TensorFlow does not count are counted.

    Raises:
      UnknownShape: a shape is not known (and `unknown` is None), or a rank.

    >>> import headrace as tf
    >>> from headrace.inspector.costs import flops
    >>> with tf.Graph().as_default():
    ...     flops(tf.matmul(tf.zeros([8, 16]), tf.zeros([16, 32])).op)
    8192
    """
    own = REGISTERED.get((node.type, "flops"))
    if own is not None:
        value = own(node.graph, node.node_def).value
        return None if value is None else int(value)
    rule = TABLE.get(node.type) or (OTHERS.get(node.type) or _by_elements(node.op_def) if others else None)
    return None if rule is None else int(rule(Shapes(node, unknown)))


def _rows(table: dict[str, Rule], types: str, rule: Rule) -> None:
    table.update(dict.fromkeys(types.split(), rule))


def _outputs(each: float = 1) -> Rule:
    return lambda s: each * math.prod(s.output())


def _reduction(each: int, finish: int) -> Rule:
    """`each` per element that is folded in, `finish` per result."""
    return lambda s: each * (math.prod(s.input(0)) - math.prod(s.output())) + finish * math.prod(s.output())


_rows(
    TABLE, "Reciprocal Square Log Neg BiasAdd Equal Greater GreaterEqual Less LessEqual NotEqual", _outputs()
)
_rows(TABLE, "Add AddV2 Sub Mul RealDiv Maximum Minimum Pow", _outputs())
_rows(TABLE, "AssignAdd AssignSub", lambda s: math.prod(s.input(0)))
_rows(TABLE, "Rsqrt SquaredDifference", _outputs(2))
_rows(TABLE, "RsqrtGrad", _outputs(4))
_rows(TABLE, "Softmax", _outputs(5))  # maximum, difference, exp, sum, quotient
_rows(TABLE, "AddN", lambda s: (len(s.node.inputs) - 1) * math.prod(s.output()))
_rows(TABLE, "L2Loss", lambda s: 3 * math.prod(s.input(0)) - 1)
_rows(TABLE, "Sum ArgMax ArgMin BiasAddGrad", _reduction(1, 0))
_rows(TABLE, "Mean", _reduction(1, 1))


def _window(s: Shapes) -> int:
    return math.prod(s.attr("ksize"))


_rows(TABLE, "AvgPool MaxPool", lambda s: _window(s) * math.prod(s.output()))
_rows(TABLE, "AvgPoolGrad", lambda s: 2 * _window(s) * math.prod(s.input(1)))
_rows(TABLE, "MaxPoolGrad", lambda s: (_window(s) + 1) * math.prod(s.input(2)))


def _convolution(filters: tuple[int, ...], results: tuple[int, ...]) -> int:
    """Each result is a sum over the filter's window and input channels."""
    return 2 * math.prod(filters[:-1]) * math.prod(results)


_rows(TABLE, "Conv2D Conv3D", lambda s: _convolution(s.input(1), s.output()))
_rows(TABLE, "Conv2DBackpropInput", lambda s: _convolution(s.input(1), s.input(2)))
_rows(TABLE, "Conv2DBackpropFilter", lambda s: _convolution(s.output(), s.input(2)))
_rows(TABLE, "DepthwiseConv2dNative", lambda s: 2 * math.prod(s.input(1)[:2]) * math.prod(s.output()))
_rows(TABLE, "Dilation2D", lambda s: 2 * math.prod(s.input(1)[:2]) * math.prod(s.output()))


def _product(adjoint: str) -> Rule:
    return lambda s: 2 * math.prod(s.output()) * s.input(0)[-2 if s.attr(adjoint) else -1]


_rows(TABLE, "MatMul", _product("transpose_a"))
_rows(TABLE, "BatchMatMul BatchMatMulV2 BatchMatMulV3", _product("adj_x"))

# ------------------------------------------------------------------------------------------ what TensorFlow does not count
_rows(OTHERS, "Conv3DBackpropInputV2", lambda s: _convolution(s.input(1), s.input(2)))
_rows(OTHERS, "Conv3DBackpropFilterV2", lambda s: _convolution(s.output(), s.input(2)))
_rows(
    OTHERS,
    "DepthwiseConv2dNativeBackpropInput",
    lambda s: 2 * math.prod(s.input(1)[:2]) * math.prod(s.input(2)),
)
_rows(
    OTHERS,
    "DepthwiseConv2dNativeBackpropFilter",
    lambda s: 2 * math.prod(s.output()[:2]) * math.prod(s.input(2)),
)
_rows(OTHERS, "AvgPool3D MaxPool3D", lambda s: _window(s) * math.prod(s.output()))
_rows(OTHERS, "Prod Max Min All Any EuclideanNorm", _reduction(1, 0))
_rows(OTHERS, "Cumsum Cumprod Relu Relu6 LeakyRelu ReluGrad Relu6Grad LeakyReluGrad", _outputs())
_rows(OTHERS, "Elu Selu Gelu EluGrad SeluGrad Xlogy", _outputs(2))
_rows(OTHERS, "LogSoftmax", _outputs(5))
_rows(
    OTHERS,
    "SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits",
    lambda s: 8 * math.prod(s.input(0)),
)
_rows(OTHERS, "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", lambda s: 4 * math.prod(s.input(0)))
_rows(
    OTHERS,
    "FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3",
    lambda s: 10 * math.prod(s.input(0)),
)


@lambda rule: _rows(OTHERS, "Einsum", rule)
def _einsum(s: Shapes) -> int:
    """Every combination of the indices that occur is one product and one addition (no order of contractions is chosen)."""
    terms, _, result = s.attr("equation").replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    ellipsis = 1
    for i, term in enumerate(terms.split(",")):
        before, dots, after = term.partition("...")
        shape = s.input(i)
        rest = len(shape) - len(before) - len(after)
        if dots:
            ellipsis = max(ellipsis, math.prod(shape[len(before) : len(before) + rest]))
        named = (*shape[: len(before)], *shape[len(shape) - len(after) :]) if dots else shape
        for letter, n in zip(before + after, named):
            sizes[letter] = max(sizes.get(letter, 1), n)
    summed = any(letter not in result for letter in sizes)
    return (2 if summed else 1) * math.prod(sizes.values()) * ellipsis


def _elementwise(s: Shapes) -> float:
    return math.prod(s.output()) if s.node.outputs[0]._dtype.kind in "fc" else 0


def _by_elements(op: Any) -> Rule | None:
    return _elementwise if op.elementwise and op.lower is not None else None


class OpStats:
    """One statistic of an op, as TensorFlow's private API has it: `OpStats("flops", 12)`."""

    def __init__(self, statistic_type: str, value: float | None = None) -> None:
        self.statistic_type, self.value = statistic_type, value

    def __iadd__(self, other: OpStats) -> OpStats:
        if other.statistic_type != self.statistic_type:
            raise ValueError(
                f"Can't add an OpStat of type {self.statistic_type} to one of {other.statistic_type}."
            )
        if self.value is None or other.value is None:
            self.value = other.value if self.value is None else self.value
        else:
            self.value += other.value
        return self


class RegisterStatistics:
    """A decorator that gives an op type a statistic: a function of the graph and the node's `NodeDef` that returns `OpStats`.

    Raises:
      KeyError: the op has that statistic already.
      TypeError: the op type or the statistic is no string.
    """

    def __init__(self, op_type: str, statistic_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string.")
        if "," in op_type:
            raise TypeError("op_type must not contain a comma.")
        if not isinstance(statistic_type, str):
            raise TypeError("statistic_type must be a string.")
        if "," in statistic_type:
            raise TypeError("statistic_type must not contain a comma.")
        self._key = op_type, statistic_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self._key in REGISTERED or (self._key[1] == "flops" and self._key[0] in TABLE):
            raise KeyError(f"Registering two statistics with name '{','.join(self._key)}'!")
        REGISTERED[self._key] = function
        return function


def get_stats_for_node_def(graph: Any, node: Any, statistic_type: str) -> OpStats:
    """A node's statistic; its value is None if there is none for the op."""
    own = REGISTERED.get((node.op, statistic_type))
    if own is not None:
        return own(graph, node)
    if statistic_type != "flops":
        return OpStats(statistic_type)
    return OpStats(statistic_type, flops(graph.get_operation_by_name(node.name), others=False))


def total(nodes: Sequence[Any], unknown: int | None = None, others: bool = True) -> int:
    """The operations that nodes need together; nodes whose shapes are not known count nothing."""
    n = 0
    for node in nodes:
        try:
            n += flops(node, unknown, others) or 0
        except UnknownShape:
            continue
    return n
