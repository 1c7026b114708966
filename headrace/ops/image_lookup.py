"""Looking pixels of a batch of images up, on the host or in a program (`formula.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes

from .formula import HOST, Lifted


class Pixels:
    """The pixels of images `[batch, height, width, channels]`.

    Args:
      which: for every pixel looked up, the number of its image: int32 `[n, rows, columns]`.
      fill: what stands for pixels outside, a scalar of the images' type.
    """

    def __init__(self, xp: Any, images: Any, which: Any, fill: Any) -> None:
        self.xp, self.fill = xp, fill
        n, self.height, self.width, self.channels = images.shape
        self.rows = xp.reshape(images, (n * self.height * self.width, self.channels))
        self.first = which * (self.height * self.width)

    def at(self, y: Any, x: Any) -> Any:
        """The pixels at whole coordinates, `[n, rows, columns, channels]`."""
        xp, height, width = self.xp, self.height, self.width
        inside = (y >= 0.0) & (y < float(height)) & (x >= 0.0) & (x < float(width))
        row = xp.convert(xp.minimum(xp.maximum(y, 0.0), float(height - 1)), dtypes.int32)
        column = xp.convert(xp.minimum(xp.maximum(x, 0.0), float(width - 1)), dtypes.int32)
        index = self.first + row * width + column
        if xp is HOST:
            found = np.take(self.rows, index, 0)
            if not inside.all():
                found[~inside] = self.fill
            return found
        b, shape = xp.b, (*index.shape, self.channels)
        found = b.gather(
            self.rows.v, b.reshape(index.v, (*index.shape, 1)), shape,
            offset_dims=(3,), collapsed=(0,), start_map=(0,), sizes=(1, self.channels), index_dim=3,
        )  # fmt: skip
        good = b.broadcast_in_dim(inside.v, shape, (0, 1, 2))
        return Lifted(b, b.select(good, found, b.broadcast_to(self.fill.v, shape)))


def per_channel(xp: Any, x: Any, channels: int) -> Any:
    """One number per pixel, `[n, rows, columns]`, for all its channels."""
    if xp is HOST:  # NumPy is slow at broadcasting along a short last dimension
        return np.repeat(x[..., None], channels, -1)
    return Lifted(xp.b, xp.b.broadcast_in_dim(x.v, (*x.shape, channels), (0, 1, 2)))


def rounded(xp: Any, x: Any) -> Any:
    """To the nearest whole number, halves away from zero."""
    return xp.where(x < 0, xp.ceil(x - 0.5), xp.floor(x + 0.5))


def columns(xp: Any, table: Any) -> list[Any]:
    """The columns of a table, as vectors."""
    n, count = table.shape
    if xp is HOST:
        return [table[:, k] for k in range(count)]
    b = xp.b
    return [Lifted(b, b.reshape(b.slice(table.v, (0, k), (n, k + 1)), (n,))) for k in range(count)]


__all__ = ["Pixels", "columns", "per_channel", "rounded"]
