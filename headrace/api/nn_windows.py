"""Windows that slide over images: how convolutions and pools take sizes, strides, paddings and formats."""

from __future__ import annotations

from typing import Any

import numpy as np

FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def per_dimension(value: Any, n: int, first: bool, what: str) -> list[int]:
    """One number for every dimension of an n-D image batch, from one number, n of them, or all n + 2.

    >>> per_dimension(2, 2, False, "strides"), per_dimension([1, 3], 2, True, "strides")
    ([1, 2, 2, 1], [1, 1, 1, 3])
    """
    if value is None:
        value = [1]
    values = [int(v) for v in value] if isinstance(value, (list, tuple, np.ndarray)) else [int(value)]
    if len(values) == n + 2:
        return values
    if len(values) == 1:
        values = values * n
    elif len(values) != n:
        raise ValueError(
            f"{what} should be of length 1, {n} or {n + 2}. Received: {what}={value} of length {len(values)}"
        )
    return [1, 1, *values] if first else [1, *values, 1]


def channels_first(data_format: str | None, n: int) -> bool:
    """Whether channels come right after the batch; ValueError for a format of another number of
    dimensions."""
    last, first = FORMATS[n]
    if data_format in (None, last):
        return False
    if data_format == first:
        return True
    raise ValueError(
        f"data_format must be {last!r} or {first!r} for {n} spatial dimensions. Received: "
        f"data_format={data_format!r}"
    )


def explicit(padding: Any, rank: int) -> dict[str, Any]:
    """The op attributes of "SAME", "VALID" or a list with a pair (before, after) per dimension."""
    if isinstance(padding, str):
        return {"padding": padding}
    if (
        not isinstance(padding, (list, tuple, np.ndarray))
        or len(padding) != rank
        or any(len(p) != 2 for p in padding)
    ):
        raise ValueError(
            f"padding must be 'SAME', 'VALID' or a list with {rank} pairs (before, after), one per "
            f"dimension. Received: padding={padding!r}"
        )
    return {"padding": "EXPLICIT", "explicit_paddings": [int(p) for pair in padding for p in pair]}


def only_named(padding: Any, function: str) -> str:
    """The padding, which must be "SAME" or "VALID" here."""
    if isinstance(padding, str):
        return padding
    raise ValueError(
        f"{function} takes padding='SAME' or 'VALID'. Received: padding={padding!r}. Use tf.pad for other "
        "amounts."
    )


def attributes(n: int, data_format: str | None, padding: Any, **numbers: Any) -> dict[str, Any]:
    """The op attributes of a window over n spatial dimensions; `numbers` are given per dimension.

    >>> attributes(1, "NWC", "SAME", strides=2)
    {'strides': [1, 2, 1], 'data_format': 'NWC', 'padding': 'SAME'}
    """
    first = channels_first(data_format, n)
    return {
        **{what: per_dimension(value, n, first, what) for what, value in numbers.items()},
        "data_format": FORMATS[n][first],
        **explicit(padding, n + 2),
    }


def widened(data_format: str | None, padding: Any, **numbers: Any) -> tuple[int, dict[str, Any]]:
    """A window over one spatial dimension as one over two: the axis to add, of size 1, and the op attributes.

    >>> widened("NWC", "SAME", strides=2)
    (1, {'strides': [1, 1, 2, 1], 'data_format': 'NHWC', 'padding': 'SAME'})
    """
    narrow = {"NHWC": "NWC", "NCHW": "NCW"}.get(data_format or "NWC", data_format)
    attrs = attributes(1, narrow, padding, **numbers)
    first = attrs["data_format"] == "NCW"
    axis = 2 if first else 1
    for what in numbers:
        attrs[what].insert(axis, 1)
    if "explicit_paddings" in attrs:
        attrs["explicit_paddings"][2 * axis : 2 * axis] = [0, 0]
    return axis, attrs | {"data_format": FORMATS[2][first]}
