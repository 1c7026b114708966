"""Iterators of graphs (`tf.compat.v1.data`)."""

from headrace.data.sessions import SessionIterator as Iterator
from headrace.data.sessions import (
    get_output_classes,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)

NAMES = {
    "data": [
        "Iterator",
        "get_output_classes",
        "get_output_shapes",
        "get_output_types",
        "make_initializable_iterator",
        "make_one_shot_iterator",
    ]
}
__all__ = NAMES["data"]  # noqa: PLE0605 - a list of names
