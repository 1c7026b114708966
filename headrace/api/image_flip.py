"""`tf.image`: images mirrored and turned. Every function takes one image `[height, width, channels]` or a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import called, scoped
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .control import cond, switch_case
from .image_shapes import by_rank, image_tensor
from .random import stateless_uniform, uniform


def _reverse(x: Tensor, axes: Sequence[int]) -> Tensor:
    return lookup("ReverseV2")(x, list(axes))


def _flip(image: Any, axis: int) -> Any:
    x = image_tensor(image)
    return by_rank(x, lambda: _reverse(x, [axis]), lambda: _reverse(x, [axis + 1]))


@scoped("flip_left_right", "ReverseV2")
def flip_left_right(image: Any) -> Any:
    """The mirror image: the first column becomes the last.

    >>> import headrace as tf
    >>> tf.image.flip_left_right([[[1], [2]]])[0, :, 0].numpy().tolist()
    [2, 1]
    """
    return _flip(image, 1)


@scoped("flip_up_down", "ReverseV2")
def flip_up_down(image: Any) -> Any:
    """Upside down: the first row becomes the last.

    >>> import headrace as tf
    >>> tf.image.flip_up_down([[[1]], [[2]]])[:, 0, 0].numpy().tolist()
    [2, 1]
    """
    return _flip(image, 0)


@scoped("transpose", None, again=True)
def transpose(image: Any, name: str | None = None) -> Any:
    """Rows become columns.

    >>> import headrace as tf
    >>> tf.image.transpose(tf.zeros([2, 3, 1])).shape
    TensorShape([3, 2, 1])
    """
    x = image_tensor(image)
    swap = lookup("Transpose")
    return by_rank(x, lambda: swap(x, [1, 0, 2], name=name), lambda: swap(x, [0, 2, 1, 3], name=name))


@scoped("rot90", "cond/Identity")
def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """Turned counter-clockwise by `k` times 90 degrees.

    Args:
      k: an integer, or an int32 scalar.

    >>> import headrace as tf
    >>> tf.image.rot90([[[1], [2]], [[3], [4]]])[:, :, 0].numpy().tolist()
    [[2, 4], [1, 3]]
    """
    x = image_tensor(image)
    turns = to_tensor(k, dtypes.int32)
    if turns.ndim not in (0, None):
        raise ValueError(f"k must be a scalar, received shape {turns.shape}")
    turns = lookup("FloorMod")(turns, 4)

    def turned(first: int, perm: Sequence[int]) -> Any:
        swap = lookup("Transpose")
        ways = [
            lambda: lookup("Identity")(x, name=name),
            lambda: swap(_reverse(x, [first + 1]), perm, name=name),
            lambda: _reverse(x, [first, first + 1]),
            lambda: _reverse(swap(x, perm), [first + 1]),
        ]
        known = static_value(turns)
        if known is not None:
            return ways[int(known)]()
        y = switch_case(turns, ways)
        shape = x._raw_shape
        if shape is not None:
            y.set_shape([None if i in (first, first + 1) else d for i, d in enumerate(shape)])
        return y

    return by_rank(x, lambda: turned(0, [1, 0, 2]), lambda: turned(1, [0, 2, 1, 3]))


# ---------------------------------------------------------------------------------------------------- random flips
def _random_flip(image: Any, axis: int, draw: Callable[[Any], Any]) -> Any:
    x = image_tensor(image)

    def one() -> Any:
        y = cond(draw([]) < 0.5, lambda: _reverse(x, [axis]), lambda: lookup("Identity")(x))
        if not y._is_eager:
            y.set_shape([None] * 3 if x._raw_shape is None else x.shape)
        return called(y, "Identity")

    def batch() -> Any:
        shape = x._raw_shape
        count = shape[0] if shape is not None and shape[0] is not None else lookup("Shape")(x)[0]
        size = [count] if isinstance(count, int) else lookup("Pack")([count])
        # Rounding sends 0.5 to 0: exactly the numbers above flip their image.
        chosen = lookup("Round")(draw(size)) > 0.5
        chosen = lookup("Reshape")(chosen, [-1, 1, 1, 1])
        return lookup("SelectV2")(chosen, _reverse(x, [axis + 1]), x, name="add")

    return by_rank(x, one, batch)


@scoped("random_flip_left_right", None)
def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """Mirrors every image with a probability of one half.

    >>> import headrace as tf
    >>> tf.image.random_flip_left_right(tf.zeros([4, 2, 3, 1])).shape
    TensorShape([4, 2, 3, 1])
    """
    return _random_flip(image, 1, lambda shape: uniform(shape, 0, 1.0, seed=seed))


@scoped("random_flip_up_down", None)
def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """Turns every image upside down with a probability of one half."""
    return _random_flip(image, 0, lambda shape: uniform(shape, 0, 1.0, seed=seed))


@scoped("stateless_random_flip_left_right", None)
def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """As `tf.image.random_flip_left_right`; the same seed (two integers) always decides the same way.

    >>> import headrace as tf
    >>> tf.image.stateless_random_flip_left_right([[[1], [2]]], seed=[2, 3])[0, :, 0].numpy().tolist()
    [2, 1]
    """
    return _random_flip(image, 1, lambda shape: stateless_uniform(shape, seed, 0, 1.0))


@scoped("stateless_random_flip_up_down", None)
def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """As `tf.image.random_flip_up_down`; the same seed (two integers) always decides the same way."""
    return _random_flip(image, 0, lambda shape: stateless_uniform(shape, seed, 0, 1.0))


__all__ = [
    "flip_left_right",
    "flip_up_down",
    "random_flip_left_right",
    "random_flip_up_down",
    "rot90",
    "stateless_random_flip_left_right",
    "stateless_random_flip_up_down",
    "transpose",
]
