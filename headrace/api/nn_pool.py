"""`tf.nn`'s pools. Window sizes and strides may be one number for all spatial dimensions, or a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.graph import current_scope
from headrace.core.op import OpDef, lookup
from headrace.core.scoping import scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor
from headrace.ops import fractional, seeds
from headrace.ops import pool as ops

from .nn_windows import FORMATS, attributes, channels_first, only_named, per_dimension, widened


class MaxPoolWithArgmax(NamedTuple):
    """The maxima, and where they are."""

    output: Tensor
    argmax: Tensor


class FractionalPool(NamedTuple):
    """The pooled values, and where the regions of rows and columns begin."""

    output: Tensor
    row_pooling_sequence: Tensor
    col_pooling_sequence: Tensor


def _pool1d(
    op: OpDef, input: Any, ksize: Any, strides: Any, padding: str, data_format: str, name: str | None
) -> Any:
    axis, attrs = widened(data_format, only_named(padding, "1-D pooling"), ksize=ksize, strides=strides)
    y = op(lookup("ExpandDims")(input, axis), **attrs)
    return lookup("Squeeze")(y, squeeze_dims=[axis], name=name)


@scoped("MaxPool1d", "Squeeze")
def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Any:
    """The maximum over windows of `[batch, width, channels]`.

    >>> import headrace as tf
    >>> tf.nn.max_pool1d(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID").numpy().ravel().tolist()
    [1.0, 3.0]
    """
    return _pool1d(ops.MAX_POOL, input, ksize, strides, padding, data_format, name)


@scoped("AvgPool1D", "Squeeze")
def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NWC", name: str | None = None
) -> Any:
    """The mean over windows of `[batch, width, channels]`; padding is not counted.

    >>> import headrace as tf
    >>> tf.nn.avg_pool1d(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID").numpy().ravel().tolist()
    [0.5, 2.5]
    """
    return _pool1d(ops.AVG_POOL, input, ksize, strides, padding, data_format, name)


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The maximum over windows of `[batch, height, width, channels]`.

    Args:
      padding: "SAME", "VALID", or a pair (before, after) per dimension.

    >>> import headrace as tf
    >>> tf.nn.max_pool2d(tf.reshape(tf.range(16.0), [1, 4, 4, 1]), 2, 2, "VALID")[0, :, :, 0].numpy().tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    attrs = attributes(2, data_format, padding, ksize=ksize, strides=strides)
    return ops.MAX_POOL(input, name=name or "MaxPool2d", **attrs)


def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The mean over windows of `[batch, height, width, channels]`; padding is not counted.

    >>> import headrace as tf
    >>> tf.nn.avg_pool2d(tf.reshape(tf.range(16.0), [1, 4, 4, 1]), 2, 2, "VALID")[0, :, :, 0].numpy().tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    attrs = attributes(2, data_format, only_named(padding, "avg_pool2d"), ksize=ksize, strides=strides)
    return ops.AVG_POOL(input, name=name or "AvgPool2D", **attrs)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NDHWC", name: str | None = None
) -> Any:
    """The maximum over windows of `[batch, depth, height, width, channels]`.

    >>> import headrace as tf
    >>> tf.nn.max_pool3d(tf.ones([1, 2, 2, 2, 1]), 2, 2, "VALID").shape
    TensorShape([1, 1, 1, 1, 1])
    """
    attrs = attributes(3, data_format, only_named(padding, "max_pool3d"), ksize=ksize, strides=strides)
    return ops.MAX_POOL_3D(input, name=name, **attrs)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NDHWC", name: str | None = None
) -> Any:
    """The mean over windows of `[batch, depth, height, width, channels]`; padding is not counted.

    >>> import headrace as tf
    >>> tf.nn.avg_pool3d(tf.ones([1, 2, 2, 2, 1]), 2, 2, "VALID").shape
    TensorShape([1, 1, 1, 1, 1])
    """
    attrs = attributes(3, data_format, only_named(padding, "avg_pool3d"), ksize=ksize, strides=strides)
    return ops.AVG_POOL_3D(input, name=name, **attrs)


def _spatial(input: Any, data_format: str | None) -> tuple[Any, int]:
    x = to_tensor(input)
    shape = x._raw_shape
    n = len(shape) - 2 if shape is not None else len(data_format) - 2 if data_format else None
    if n not in (1, 2, 3):
        raise ValueError(
            f"`input.shape.rank` must be 3, 4 or 5. Received: input.shape={x.shape} of rank "
            f"{None if shape is None else len(shape)}."
        )
    return x, n


def max_pool(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """The maximum over windows of 1, 2 or 3 spatial dimensions.

    >>> import headrace as tf
    >>> tf.nn.max_pool(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID").numpy().ravel().tolist()
    [1.0, 3.0]
    """
    x, n = _spatial(input, data_format)
    return {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}[n](
        x, ksize, strides, padding, data_format or FORMATS[n][0], name
    )


def avg_pool(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Any:
    """The mean over windows of 1, 2 or 3 spatial dimensions; padding is not counted.

    >>> import headrace as tf
    >>> tf.nn.avg_pool(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID").numpy().ravel().tolist()
    [0.5, 2.5]
    """
    x, n = _spatial(input, data_format)
    return {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}[n](
        x, ksize, strides, padding, data_format or FORMATS[n][0], name or "AvgPool"
    )


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    output_dtype: Any = dtypes.int64,
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> Any:
    """The maximum over windows, and where it is: the position in the flattened image (in the whole batch with
    `include_batch_in_index`).

    >>> import headrace as tf
    >>> y, at = tf.nn.max_pool_with_argmax(tf.reshape(tf.range(4.0), [1, 2, 2, 1]), 2, 2, "VALID")
    >>> at.numpy().item()
    3
    """
    if data_format != "NHWC":
        raise ValueError(
            f"`data_format` values other than 'NHWC' are not supported. Received: data_format={data_format}"
        )
    output, argmax = ops.MAX_POOL_WITH_ARGMAX(
        input,
        ksize=per_dimension(ksize, 2, False, "ksize"),
        strides=per_dimension(strides, 2, False, "strides"),
        padding=only_named(padding, "max_pool_with_argmax"),
        Targmax=as_dtype(output_dtype),
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
    return MaxPoolWithArgmax(output, argmax)


def _fractional(
    op: OpDef, value: Any, ratio: Any, pseudo_random: bool, overlapping: bool, seed: int, name: str | None
) -> Any:
    ratios = list(ratio) if isinstance(ratio, (list, tuple)) else [ratio]
    if len(ratios) == 1:
        ratios = [1.0, ratios[0], ratios[0], 1.0]
    elif len(ratios) == 2:
        ratios = [1.0, *ratios, 1.0]
    if len(ratios) != 4 or any(r < 1.0 for r in ratios):
        raise ValueError(
            "pooling_ratio should be a number, two or four numbers, all at least 1.0. Received: "
            f"pooling_ratio={ratio}"
        )
    attrs: dict[str, Any] = {
        "pooling_ratio": ratios,
        "pseudo_random": pseudo_random,
        "overlapping": overlapping,
    }
    if seed:
        attrs |= {"deterministic": True, **seeds.op_seeds(seed)}
    return FractionalPool(*op(value, name=name, **attrs))


def fractional_max_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Any:
    """Max pooling over regions of random sizes (B. Graham, "Fractional max-pooling", arXiv:1412.6071).

    Args:
      pooling_ratio: how many times smaller the output is: a number, or one per dimension (those of batch and
        channels being 1).
      pseudo_random: regions follow the paper's pseudo-random sequence instead of a random one.
      overlapping: neighbouring regions share their border.
      seed: 0 draws new regions every time.

    Returns: the output, and the row and column numbers where regions begin.

    >>> import headrace as tf
    >>> tf.nn.fractional_max_pool(tf.ones([1, 10, 10, 1]), 1.5, seed=1)[0].shape
    TensorShape([1, 6, 6, 1])
    """
    return _fractional(
        fractional.FRACTIONAL_MAX_POOL, value, pooling_ratio, pseudo_random, overlapping, seed, name
    )


def fractional_avg_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Any:
    """Average pooling over regions of random sizes; arguments and results as of `fractional_max_pool`.

    >>> import headrace as tf
    >>> tf.nn.fractional_avg_pool(tf.ones([1, 10, 10, 1]), 1.5, seed=1)[0].shape
    TensorShape([1, 6, 6, 1])
    """
    return _fractional(
        fractional.FRACTIONAL_AVG_POOL, value, pooling_ratio, pseudo_random, overlapping, seed, name
    )


# ---------------------------------------------------------------------------------------------------- dilated
def _same_padding(window: Sequence[int], rate: Sequence[int]) -> list[list[int]]:
    out = []
    for k, r in zip(window, rate):
        extra = (k - 1) * r
        out.append([extra // 2, extra - extra // 2])
    return out


def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: str,
    op: Callable[..., Any],
    filter_shape: Any = None,
    spatial_dims: Sequence[int] | None = None,
    data_format: str | None = None,
) -> Any:
    """Runs a sliding-window op with dilation: neighbours at distance `dilation_rate` are moved next to each
    other, into the batch, `op` runs on that, and the result is moved back.

    Args:
      op: called as `op(input, num_spatial_dims, padding)`.
      filter_shape: the window's size, needed with padding "SAME".
      spatial_dims: the dimensions `dilation_rate` is about; the first ones after the batch by default.

    >>> import headrace as tf
    >>> pool = lambda x, n, padding: tf.nn.max_pool1d(x, 2, 1, padding)
    >>> x = tf.reshape(tf.range(6.0), [1, 6, 1])
    >>> tf.nn.with_space_to_batch(x, [2], "VALID", pool).numpy().ravel().tolist()
    [2.0, 3.0, 4.0, 5.0]
    """
    x = to_tensor(input)
    rates = [int(r) for r in _known(dilation_rate, "dilation_rate").reshape(-1)]
    if any(r < 1 for r in rates):
        raise ValueError(f"dilation_rate must be positive. Received: dilation_rate={rates}")
    n = len(rates)
    start = 2 if data_format is not None and data_format.startswith("NC") else 1
    dims = sorted(spatial_dims) if spatial_dims is not None else list(range(start, start + n))
    if len(dims) != n or dims[0] < 1:
        raise ValueError(
            f"spatial_dims must name {n} dimensions after the batch. Received: spatial_dims={spatial_dims}"
        )
    if all(r == 1 for r in rates):
        return op(x, n, padding)
    if padding.upper() == "SAME":
        if filter_shape is None:
            raise ValueError("filter_shape must be given with padding='SAME'")
        base = _same_padding([int(k) for k in _known(filter_shape, "filter_shape").reshape(-1)[:n]], rates)
    elif padding.upper() == "VALID":
        base = [[0, 0]] * n
    else:
        raise ValueError(f"padding must be 'SAME' or 'VALID'. Received: padding={padding!r}")
    # The blocks start at the first dimension: those between it and the spatial ones are blocks of one.
    last = dims[-1]
    block, pads, sizes = [1] * last, [[0, 0] for _ in range(last)], lookup("Shape")(x)
    for d, r, p in zip(dims, rates, base):
        block[d - 1], pads[d - 1] = r, p
    take = lookup("StridedSlice")
    inner = take(sizes, [1], [last + 1], [1])
    low, high = [p[0] for p in pads], [p[1] for p in pads]
    total = lookup("AddV2")(lookup("AddV2")(inner, low), high)
    extra = lookup("FloorMod")(lookup("Sub")(block, lookup("FloorMod")(total, block)), block)
    paddings = lookup("Pack")([to_tensor(low), lookup("AddV2")(high, extra)], axis=1)
    crops = lookup("Pack")([lookup("ZerosLike")(extra), extra], axis=1)
    y = op(lookup("SpaceToBatchND")(x, block, paddings), n, "VALID")
    return lookup("BatchToSpaceND")(y, block, crops)


def _known(value: Any, what: str) -> Any:
    found = static_value(to_tensor(value, hint=dtypes.int32))
    if found is None:
        raise ValueError(f"{what} must be known while the graph is being built")
    return found


def _blocks_pooled(*arguments: Any, name: str | None) -> Any:
    return with_space_to_batch(*arguments)


_POOLED = {kind: scoped(f"{kind.lower()}_pool", None)(_blocks_pooled) for kind in ("MAX", "AVG")}


def pool(
    input: Any,
    window_shape: Sequence[int],
    pooling_type: str,
    strides: Any = None,
    padding: str = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Pooling over windows of `len(window_shape)` (1 to 3) spatial dimensions.

    Args:
      pooling_type: "MAX" or "AVG".
      strides, dilations: one number per spatial dimension; not both larger than 1.

    >>> import headrace as tf
    >>> tf.nn.pool(tf.reshape(tf.range(6.0), [1, 6, 1]), [2], "MAX", dilations=[2]).numpy().ravel().tolist()
    [2.0, 3.0, 4.0, 5.0]
    """
    n = len(window_shape)
    if n not in (1, 2, 3):
        raise ValueError(f"`window_shape` must have 1, 2 or 3 entries. Received: window_shape={window_shape}")
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"Unsupported pooling_type: {pooling_type}. Use 'MAX' or 'AVG'.")
    first = channels_first(data_format, n)
    axes = slice(2, None) if first else slice(1, -1)
    stride, rate = (
        per_dimension(v, n, first, what)[axes] for v, what in ((strides, "strides"), (dilations, "dilations"))
    )
    if max(stride) > 1 and max(rate) > 1:
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
            f"strides={stride} and dilation_rate={rate}"
        )
    # The blocks' padding would be zeros, which may be a window's maximum.
    if padding == "SAME" and max(rate) > 1:
        raise ValueError(
            "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1. Received: "
            f"padding={padding} and dilation_rate={rate}"
        )
    run = {
        ("MAX", 1): max_pool1d,
        ("MAX", 2): max_pool2d,
        ("MAX", 3): max_pool3d,
        ("AVG", 1): avg_pool1d,
        ("AVG", 2): avg_pool2d,
        ("AVG", 3): avg_pool3d,
    }[pooling_type, n]
    size = list(window_shape)
    apply = lambda x, _, padding: run(x, size, stride, padding, FORMATS[n][first], current_scope())
    return _POOLED[pooling_type](input, rate, padding, apply, size, None, data_format, name=name)
