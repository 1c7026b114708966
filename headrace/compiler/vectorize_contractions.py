"""Rules for stacked inputs: contractions, linear algebra, ops that treat every example of a batch alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core.convert import to_tensor
from headrace.core.op import lookup

from .vectorize import Stack, Vectorizer, call, dims, reshape
from .vectorize_rules import Rule, needs_shared, rule


# ----------------------------------------------------------------------------------------------- contractions
@rule("MatMul")
def _matmul(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    a, b = inputs
    ta, tb = node.attrs["transpose_a"], node.attrs["transpose_b"]
    if not ta and not b.stacked:  # the rows of all elements in one product
        sizes = dims(a.tensor)
        out = lookup("MatMul")(reshape(a.tensor, [-1, sizes[2]]), b.tensor, transpose_b=tb)
        return reshape(out, [sizes[0], sizes[1], dims(out)[1]])
    conj = a.tensor._dtype.is_complex
    parts = [lookup("Conj")(x.tensor) if conj and t else x.tensor for x, t in ((a, ta), (b, tb))]
    return lookup("BatchMatMulV2")(*parts, adj_x=ta, adj_y=tb)


@rule("BatchMatMulV2", "BatchMatMulV3", "BatchMatMul")
def _batch_matmul(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    rank = max(x.rank for x in inputs)
    op = node.op_def if node.type != "BatchMatMul" else lookup("BatchMatMulV2")
    attrs = node.attrs if op is node.op_def else {**op.attrs, **node.attrs}
    return call(op, [v.lifted(x, rank) for x in inputs], attrs)


@rule("Einsum")
def _einsum(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    left, _, right = node.attrs["equation"].replace(" ", "").partition("->")
    free = next(
        c for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in node.attrs["equation"]
    )
    terms = [free + term if x.stacked else term for term, x in zip(left.split(","), inputs)]
    return lookup("Einsum")([x.tensor for x in inputs], equation=f"{','.join(terms)}->{free}{right}")


@rule("BiasAdd")
def _bias_add(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    value, bias = inputs
    channels_first = node.attrs["data_format"] == "NCHW"
    if not bias.stacked and not channels_first:
        return lookup("BiasAdd")(value.tensor, bias.tensor)
    tail = value.rank - 2 if channels_first else 0
    sizes = dims(bias.tensor)
    lead = value.rank - 1 - tail
    shape = [*sizes[:-1], *[1] * lead, sizes[-1], *[1] * tail] if bias.stacked else [sizes[-1], *[1] * tail]
    return lookup("AddV2")(v.stack(value), reshape(bias.tensor, shape))


@rule("BiasAddGrad")
def _bias_add_grad(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    rank = inputs[0].rank
    channel = 1 if node.attrs["data_format"] == "NCHW" else rank - 1
    return lookup("Sum")(inputs[0].tensor, [i + 1 for i in range(rank) if i != channel], keep_dims=False)


# -------------------------------------------------------------------------- ops with leading batch dimensions
@rule(
    "Softmax",
    "LogSoftmax",
    "Cholesky",
    "CholeskyGrad",
    "MatrixInverse",
    "MatrixDeterminant",
    "LogMatrixDeterminant",
    "Qr",
    "Svd",
    "SelfAdjointEigV2",
    "Eig",
    "Lu",
    "MatrixExponential",
    "MatrixLogarithm",
    "MatrixSquareRoot",
    "FFT",
    "IFFT",
    "FFT2D",
    "IFFT2D",
    "FFT3D",
    "IFFT3D",
    "MatrixDiag",
    "MatrixDiagPart",
    "TopK",
)
def _leading(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(node.op_def, [v.stack(x) for x in inputs], node.attrs)


@rule("MatrixSolve", "MatrixTriangularSolve", "MatrixSolveLs", "TridiagonalSolve", "MatrixSetDiag")
def _leading_pair(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if inputs[0].rank != inputs[1].rank and node.type != "MatrixSetDiag":
        return None
    return call(
        node.op_def, [v.stack(x) for x in inputs[:2]] + [needs_shared(x) for x in inputs[2:]], node.attrs
    )


@rule(
    "MatrixDiagV2",
    "MatrixDiagV3",
    "MatrixDiagPartV2",
    "MatrixDiagPartV3",
    "MatrixBandPart",
    "TopKV2",
    "RFFT",
    "IRFFT",
    "RFFT2D",
    "IRFFT2D",
    "RFFT3D",
    "IRFFT3D",
    "InTopKV2",
)
def _leading_first(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if node.type == "InTopKV2" or any(x.stacked for x in inputs[1:]):
        return None
    return call(node.op_def, [x.tensor for x in inputs], node.attrs)


@rule("MatrixSetDiagV2", "MatrixSetDiagV3")
def _set_diag(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(node.op_def, [v.stack(inputs[0]), v.stack(inputs[1]), needs_shared(inputs[2])], node.attrs)


def _merged(x: Any) -> Any:
    """`[n, b, …]` as `[n * b, …]`."""
    sizes = dims(x)
    first = sizes[0] * sizes[1] if isinstance(sizes[0], int) and isinstance(sizes[1], int) else -1
    return reshape(x, [first, *sizes[2:]])


def _parted(v: Vectorizer, x: Any) -> Any:
    """`[n * b, …]` as `[n, b, …]`."""
    sizes = dims(x)
    second = sizes[0] // v.n if isinstance(sizes[0], int) and isinstance(v.n, int) and v.n else -1
    return reshape(x, [v.n, second, *sizes[1:]])


def _per_example(batched: int) -> Rule:
    """Ops that treat every example of a batch alike: the elements' batches become one. The first `batched`
    inputs have the batch dimension; the others must be shared."""

    def apply(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
        if any(x.stacked for x in inputs[batched:]):
            return None
        outputs = call(
            node.op_def,
            [_merged(v.stack(x)) for x in inputs[:batched]] + [x.tensor for x in inputs[batched:]],
            node.attrs,
        )
        return [_parted(v, y) for y in outputs]

    return apply


rule(
    "Conv2D",
    "Conv3D",
    "DepthwiseConv2dNative",
    "MaxPool",
    "AvgPool",
    "MaxPool3D",
    "AvgPool3D",
    "MaxPoolV2",
    "LRN",
    "ResizeBilinear",
    "ResizeNearestNeighbor",
    "SpaceToDepth",
    "DepthToSpace",
)(_per_example(1))
rule("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits")(_per_example(2))
rule("MaxPoolGrad", "MaxPool3DGrad", "LRNGrad", "MaxPoolGradGrad", "MaxPool3DGradGrad")(_per_example(3))


@rule("Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput")
def _conv_input(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    sizes, filters, dy = inputs
    if filters.stacked or sizes.stacked:
        return None
    return _parted(
        v,
        call(node.op_def, [_more_examples(v, sizes.tensor), filters.tensor, _merged(dy.tensor)], node.attrs)[
            0
        ],
    )


def _more_examples(v: Vectorizer, sizes: Any) -> Any:
    """The shape of a batch, for the batches of all elements together."""
    n = to_tensor(v.n, sizes._dtype) if isinstance(v.n, int) else lookup("Cast")(v.n, DstT=sizes._dtype)
    first = lookup("Mul")(lookup("Slice")(sizes, [0], [1]), lookup("Reshape")(n, [1]))
    return lookup("ConcatV2")([first, lookup("Slice")(sizes, [1], [-1])], 0)


@rule("AvgPoolGrad", "AvgPool3DGrad")
def _pool_grad(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    shape, dy = inputs
    return _parted(
        v, call(node.op_def, [_more_examples(v, needs_shared(shape)), _merged(dy.tensor)], node.attrs)[0]
    )
