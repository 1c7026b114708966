"""What datasets of TensorFlow 1.x have as methods."""

from __future__ import annotations

from typing import Any


class InSessions:
    """The older names of a dataset: iterators of graphs, and what its elements are. (TensorFlow 2 has them for the datasets
    of `tf.compat.v1.data` only; there is one class of datasets here.)"""

    def make_one_shot_iterator(self) -> Any:
        """`tf.compat.v1.data.make_one_shot_iterator` of this dataset."""
        from .sessions import make_one_shot_iterator

        return make_one_shot_iterator(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Any:
        """`tf.compat.v1.data.make_initializable_iterator` of this dataset."""
        from .sessions import make_initializable_iterator

        return make_initializable_iterator(self, shared_name)

    @property
    def output_types(self) -> Any:
        """The dtypes of the elements' components."""
        from .sessions import get_output_types

        return get_output_types(self)

    @property
    def output_shapes(self) -> Any:
        """The shapes of the elements' components."""
        from .sessions import get_output_shapes

        return get_output_shapes(self)

    @property
    def output_classes(self) -> Any:
        """The classes of the elements' components."""
        from .sessions import get_output_classes

        return get_output_classes(self)


__all__ = ["InSessions"]
