"""`tf.image`: brightness, contrast, gamma, hue and saturation, set or random.

Images are `[..., height, width, channels]`, floats from 0 to 1 or integers over the range of their type; the result has
the same type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.ops.image_color import ADJUST_CONTRAST, ADJUST_HUE, ADJUST_SATURATION

from .image_color import convert_image_dtype
from .image_shapes import require
from .random import stateless_uniform, uniform


def _as_floats(image: Any, change: Callable[[Tensor], Any], saturate: bool) -> Any:
    """Changes an image as floats, and gives it its own type again."""
    x = to_tensor(image)
    single = x if x._dtype in (dtypes.float16, dtypes.float32) else convert_image_dtype(x, dtypes.float32)
    return convert_image_dtype(change(single), x._dtype, saturate=saturate)


@scoped("adjust_brightness", None)
def adjust_brightness(image: Any, delta: Any) -> Any:
    """`delta` added to all values (a fraction of the range, for integers).

    >>> import headrace as tf
    >>> tf.image.adjust_brightness(tf.constant([[[100]]], tf.uint8), 0.2).numpy().item()
    151
    """
    cast = lookup("Cast")
    return _as_floats(image, lambda x: x + cast(to_tensor(delta), DstT=x._dtype), saturate=True)


@scoped("adjust_contrast", None)
def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """The distances of all values to their channel's mean over the image, multiplied by a factor.

    >>> import headrace as tf
    >>> tf.image.adjust_contrast([[[1.0], [3.0]]], 2.0)[0, :, 0].numpy().tolist()
    [0.0, 4.0]
    """
    return _as_floats(images, lambda x: ADJUST_CONTRAST(x, contrast_factor), saturate=True)


@scoped("adjust_gamma", None)
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """`gain * image ** gamma`.

    Raises:
      ValueError: `gamma` is negative (InvalidArgumentError where it is a tensor).

    >>> import headrace as tf
    >>> tf.image.adjust_gamma([[[0.5]]], 2.0).numpy().item()
    0.25
    """
    require(gamma >= 0, "Gamma should be a non-negative real number.")
    return _as_floats(image, lambda x: gain * x**gamma, saturate=True)


@scoped("adjust_hue", None)
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """The colours of RGB images turned on the colour wheel by `delta` turns, from -1 to 1.

    >>> import headrace as tf
    >>> tf.image.adjust_hue([[[1.0, 0.0, 0.0]]], 0.5).numpy().tolist()
    [[[0.0, 1.0, 1.0]]]
    """
    if state.graph is None and not -1 <= float(delta) <= 1:
        raise ValueError(f"delta must be in the interval [-1, 1]. Received: {float(delta)}")
    return _as_floats(image, lambda x: ADJUST_HUE(x, delta, name=name), saturate=False)


@scoped("adjust_saturation", None)
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """The colours of RGB images made stronger or weaker by a factor; 0 leaves greys.

    >>> import headrace as tf
    >>> tf.image.adjust_saturation([[[1.0, 0.5, 0.5]]], 2.0).numpy().tolist()
    [[[1.0, 0.0, 0.0]]]
    """
    return _as_floats(image, lambda x: ADJUST_SATURATION(x, saturation_factor, name=name), saturate=False)


# ---------------------------------------------------------------------------------------------------------------- random
def _check_delta(max_delta: Any, most: float | None = None) -> None:
    if most is not None and max_delta > most:
        raise ValueError(f"max_delta must be <= {most}. Received: {max_delta}")
    if max_delta < 0:
        raise ValueError(f"max_delta must be non-negative. Received: {max_delta}")


def _check_factors(lower: Any, upper: Any) -> None:
    if upper <= lower:
        raise ValueError(f"upper must be > lower. Received: lower={lower}, upper={upper}")
    if lower < 0:
        raise ValueError(f"lower must be non-negative. Received: {lower}")


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`tf.image.adjust_brightness` by a random amount in `[-max_delta, max_delta)`."""
    _check_delta(max_delta)
    return adjust_brightness(image, uniform([], -max_delta, max_delta, seed=seed))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """As `tf.image.random_brightness`; the same seed (two integers) always gives the same amount.

    >>> import headrace as tf
    >>> bool(tf.abs(tf.image.stateless_random_brightness([[[0.5]]], 0.1, seed=[1, 2])[0, 0, 0] - 0.5) <= 0.1)
    True
    """
    _check_delta(max_delta)
    return adjust_brightness(image, stateless_uniform([], seed, -max_delta, max_delta))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`tf.image.adjust_contrast` by a random factor in `[lower, upper)`."""
    _check_factors(lower, upper)
    return adjust_contrast(image, uniform([], lower, upper, seed=seed))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """As `tf.image.random_contrast`; the same seed (two integers) always gives the same factor."""
    _check_factors(lower, upper)
    return adjust_contrast(image, stateless_uniform([], seed, lower, upper))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`tf.image.adjust_hue` by a random part of a turn in `[-max_delta, max_delta)`; `max_delta` is at most 0.5."""
    _check_delta(max_delta, 0.5)
    return adjust_hue(image, uniform([], -max_delta, max_delta, seed=seed))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """As `tf.image.random_hue`; the same seed (two integers) always gives the same turn."""
    _check_delta(max_delta, 0.5)
    return adjust_hue(image, stateless_uniform([], seed, -max_delta, max_delta))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`tf.image.adjust_saturation` by a random factor in `[lower, upper)`."""
    _check_factors(lower, upper)
    return adjust_saturation(image, uniform([], lower, upper, seed=seed))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """As `tf.image.random_saturation`; the same seed (two integers) always gives the same factor."""
    _check_factors(lower, upper)
    return adjust_saturation(image, stateless_uniform([], seed, lower, upper))


__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "random_brightness",
    "random_contrast",
    "random_hue",
    "random_saturation",
    "stateless_random_brightness",
    "stateless_random_contrast",
    "stateless_random_hue",
    "stateless_random_saturation",
]
