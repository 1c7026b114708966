"""`tf.test.experimental`."""

from __future__ import annotations

__all__ = ["sync_devices"]


def sync_devices() -> None:
    """Returns when the devices have done what was asked of them: at once, since eager ops wait for their results.

    >>> import headrace as tf
    >>> tf.test.experimental.sync_devices()
    """
