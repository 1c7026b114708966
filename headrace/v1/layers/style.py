"""How layers name and share variables: by variable scope, as 1.x does, or by layer object, as Keras does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class _Style:
    keras = False


def is_keras() -> bool:
    """Whether layers made now are in Keras style."""
    return _Style.keras


@contextmanager
def keras_style_scope() -> Iterator[None]:
    """A context whose layers own their variables: two layers never share any, whatever their scopes are.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.layers.experimental.keras_style_scope():
    ...     for _ in range(2):
    ...         y = v1.layers.Dense(2)(tf.zeros([1, 3]))
    ...     [v.name for v in v1.global_variables()]
    ['dense/kernel:0', 'dense/bias:0', 'dense_1/kernel:0', 'dense_1/bias:0']
    """
    before, _Style.keras = _Style.keras, True
    try:
        yield
    finally:
        _Style.keras = before


def set_keras_style() -> None:
    """Makes Keras style the style of all layers from now on."""
    _Style.keras = True
