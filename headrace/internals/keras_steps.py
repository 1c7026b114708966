"""Keras prepares the next step while one runs.

In Keras's loops over an epoch compiled steps run in a scope of their own (`compiler/ahead.py`). What follows a step (logs, the
progress bar) would wait for it: on backends that it takes for thread-safe Keras hands that to other threads. It does not take
TensorFlow for thread-safe; Headrace is. Yet no thread is needed: what follows a step is done when the next one has been called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from headrace.compiler import ahead
from headrace.core.tensor import EagerTensor


def amend_core(core: Any) -> None:
    """Amends `keras.src.backend.tensorflow.core`."""
    core.IS_THREAD_SAFE = True


def amend_trainer(trainer: Any) -> None:
    """Amends `keras.src.backend.tensorflow.trainer`."""
    epochs = trainer.TFEpochIterator
    whole = epochs.catch_stop_iteration

    @contextmanager
    def catch_stop_iteration(self: Any) -> Iterator[None]:
        with ahead.scope(), whole(self):
            yield

    epochs.catch_stop_iteration = catch_stop_iteration
    join = trainer.potentially_ragged_concat

    @functools.wraps(join)
    def potentially_ragged_concat(tensors: Any) -> Any:
        """Keras finds out by a dozen ops whether the batches that were predicted have the same shape."""
        shapes = [t._raw_shape if type(t) is EagerTensor else () for t in tensors]
        if len(shapes) > 1 and shapes[0] and all(s[1:] == shapes[0][1:] and s for s in shapes):
            return trainer.tf.concat(tensors, axis=0)
        return join(tensors)

    trainer.potentially_ragged_concat = potentially_ragged_concat


def amend_callbacks(module: Any) -> None:
    """Amends `keras.src.callbacks.callback_list`."""
    if module.backend.backend() != "tensorflow":
        return
    callbacks = module.CallbackList
    is_default = module.utils.is_default

    def _on_begin(self: Any) -> None:
        self._flush_futures()  # what follows a step of training comes before an evaluation begins
        self._in_begin_end_block_count += 1  # that is all: no threads are started

    def _async_dispatch(self: Any, fn: Any, *args: Any) -> None:
        self._flush_futures()
        name = fn.__name__.removeprefix("_")
        if not all(is_default(getattr(c, name)) and is_default(c.on_batch_end) for c in self.callbacks):
            self._futures.append(Following(fn, [dict(a) if type(a) is dict else a for a in args]))

    callbacks._on_begin, callbacks._async_dispatch = _on_begin, _async_dispatch


class Following:
    """A call that is made when its result is asked for."""

    def __init__(self, fn: Callable[..., Any], args: Sequence[Any]) -> None:
        self.fn, self.args = fn, args

    def result(self) -> Any:
        return self.fn(*self.args)
