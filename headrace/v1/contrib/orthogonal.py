"""Initialisers of convolutions that keep the lengths of what they get (Xiao et al., 2018)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import headrace as tf
from headrace.api.compat_v1_initializers import Initializer


class convolutional_delta_orthogonal(Initializer):
    """A kernel with an orthogonal matrix in its middle, and zeros elsewhere: [width …, inputs, outputs].

    Raises:
      ValueError: the kernel has not 1 to 3 dimensions of space, or more inputs than outputs.

    >>> import headrace as tf
    >>> kernel = convolutional_delta_orthogonal(seed=1)([3, 2, 4])
    >>> bool(tf.reduce_all(abs(tf.matmul(kernel[1], kernel[1], transpose_b=True) - tf.eye(2)) < 1e-5))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = tf.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, tf.as_dtype(dtype)
        if not self.dtype.is_floating:
            raise ValueError(f"Expected floating point type, got {dtype}.")

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        *space, inputs, outputs = sizes = [int(d) for d in shape]
        if not 1 <= len(space) <= 3:
            raise ValueError(f"A kernel must have 1 to 3 dimensions of space. Received shape {sizes}.")
        dtype = self.dtype if dtype is None else tf.as_dtype(dtype)
        rows = tf.cast(self.gain, dtype) * _matrix(outputs, dtype, self.seed)[: _fewer(inputs, outputs)]
        middle = [(size - 1) // 2 for size in space]
        return tf.pad(
            tf.reshape(rows, [1] * len(space) + [inputs, outputs]),
            [[m, size - m - 1] for m, size in zip(middle, space)] + [[0, 0], [0, 0]],
        )


def _fewer(inputs: int, outputs: int) -> int:
    if inputs > outputs:
        raise ValueError(f"There must not be more inputs than outputs. Received {inputs} and {outputs}.")
    return inputs


def _matrix(size: int, dtype: Any, seed: int | None) -> Any:
    q, r = tf.linalg.qr(tf.random.normal([size, size], dtype=dtype, seed=seed))
    return q * tf.sign(tf.linalg.diag_part(r))


def _projection(size: int, dtype: Any, seeds: Iterator[int | None]) -> Any:
    """A projection on some of the directions of an orthogonal matrix."""
    q = _matrix(size, dtype, next(seeds))
    chosen = q * tf.cast(tf.random.normal([size], seed=next(seeds)) > 0.0, dtype)
    return tf.matmul(chosen, chosen, transpose_b=True)


class _ConvolutionalOrthogonal(convolutional_delta_orthogonal):
    dims = 0

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        *space, inputs, outputs = sizes = [int(d) for d in shape]
        if len(space) != self.dims:
            raise ValueError(f"The kernel must have {self.dims + 2} dimensions. Received shape {sizes}.")
        if len(set(space)) != 1:
            raise ValueError(f"Kernel sizes must be equal. Received {space}.")
        dtype = self.dtype if dtype is None else tf.as_dtype(dtype)
        seeds: Iterator[int | None] = itertools.count(self.seed) if self.seed else itertools.repeat(None)
        rows = _matrix(outputs, dtype, next(seeds))[: _fewer(inputs, outputs)]
        identity = tf.eye(outputs, dtype=dtype)
        kernel = tf.reshape(identity, [1] * self.dims + [outputs, outputs])
        for _ in range(space[0] - 1):
            for axis, projection in enumerate([_projection(outputs, dtype, seeds) for _ in range(self.dims)]):
                # A filter of two entries, a projection and what it leaves out, keeps lengths; so do products of such.
                paddings = [[0, 0]] * (self.dims + 2)
                ahead = tf.pad(
                    tf.matmul(kernel, projection), [*paddings[:axis], [0, 1], *paddings[axis + 1 :]]
                )
                behind = tf.matmul(kernel, identity - projection)
                kernel = ahead + tf.pad(behind, [*paddings[:axis], [1, 0], *paddings[axis + 1 :]])
        return tf.cast(self.gain, dtype) * tf.matmul(rows, kernel)


class convolutional_orthogonal_1d(_ConvolutionalOrthogonal):
    """An orthogonal kernel [width, inputs, outputs]: the convolution keeps lengths, all of its entries used."""

    dims = 1


class convolutional_orthogonal_2d(_ConvolutionalOrthogonal):
    """An orthogonal kernel [width, width, inputs, outputs]: the convolution keeps lengths, all of its entries used."""

    dims = 2


class convolutional_orthogonal_3d(_ConvolutionalOrthogonal):
    """An orthogonal kernel [width, width, width, inputs, outputs]: the convolution keeps lengths, all of its entries used."""

    dims = 3


__all__ = [
    "convolutional_delta_orthogonal", "convolutional_orthogonal_1d", "convolutional_orthogonal_2d",
    "convolutional_orthogonal_3d",
]  # fmt: skip
