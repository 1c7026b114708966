"""Writers of event files in graphs that sessions run: `tf.compat.v1.summary.initialize` and `all_v2_summary_ops`."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import Graph, get_default_graph
from headrace.core.state import executing_eagerly
from headrace.ops import events

from .writer import SUMMARIES, WRITERS, defaults


def all_v2_summary_ops() -> list[Any] | None:
    """What writes summaries in the default graph, to be run with its steps: what `tf.summary.scalar` and the like, and those of
    `tf.contrib.summary`, returned. None in eager mode.

    >>> import headrace as tf, tempfile
    >>> with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
    ...     writer = tf.summary.create_file_writer(tempfile.mkdtemp())
    ...     with writer.as_default():
    ...         _ = tf.summary.scalar("loss", 0.5, step=1)
    ...         tf.compat.v1.summary.initialize()
    ...     sess.run(tf.compat.v1.summary.all_v2_summary_ops()), sess.run(writer.close())
    ([np.True_], None)
    """
    return None if executing_eagerly() else get_default_graph().get_collection(SUMMARIES)


def summary_writer_initializer_op() -> list[Any]:
    """The operations that make the files of the default graph's writers.

    Raises:
      RuntimeError: in eager mode, where they are made at once.
    """
    if executing_eagerly():
        raise RuntimeError(
            "tf.contrib.summary.summary_writer_initializer_op is only supported in graph mode: in eager mode writers are ready."
        )
    return get_default_graph().get_collection(WRITERS)


def initialize(graph: Any = None, session: Any = None) -> None:
    """Makes the files of the default graph's writers, in a session. In eager mode it does nothing.

    Args:
      graph: a `tf.Graph` or a `GraphDef` to write to the default writer, at step 0.
      session: the default session, if None.

    Raises:
      RuntimeError: there is no default writer.
      ValueError: there is no session.
    """
    if executing_eagerly():
        return
    if defaults.writer is None:
        raise RuntimeError(
            "No default tf.contrib.summary.SummaryWriter found: call initialize() within `with writer.as_default():`, or "
            "writer.set_as_default() before."
        )
    if session is None:
        from headrace.session.stack import get_default_session

        session = get_default_session()
    if session is None:
        raise ValueError("Argument `session` must be passed if no default session exists")
    session.run(summary_writer_initializer_op())
    if graph is not None:
        data = get_default_graph().placeholder(dtypes.string, None)
        write = events.WRITE_GRAPH(defaults.writer._handle, to_tensor(0, dtypes.int64), data)  # type: ignore[attr-defined]
        session.run(write, {data: serialized(graph)})


def serialized(graph: Any) -> bytes:
    """A graph, or its message, as bytes."""
    message = graph.as_graph_def(add_shapes=True) if isinstance(graph, Graph) else graph
    data: bytes = message.SerializeToString()
    return data


__all__ = ["all_v2_summary_ops", "initialize", "serialized", "summary_writer_initializer_op"]
