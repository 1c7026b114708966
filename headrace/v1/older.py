"""Names of `tf` that programs of 2015–2017 use and TensorFlow dropped before 1.15.

`NAMES` has for each where it is now, or a function with the arguments it used to have."""

from __future__ import annotations

from typing import Any

import headrace
from headrace.api import compat_v1_summary as summary
from headrace.api.compat_v1_names import find
from headrace.core import dtypes
from headrace.core.op import lookup
from headrace.core.state import state


def concat(values: Any = None, axis: Any = None, name: str = "concat", concat_dim: Any = None) -> Any:
    """`tf.concat(values, axis)`, or as before 1.0 `tf.concat(concat_dim, values)`: an int comes first only there."""
    if concat_dim is not None:
        axis = concat_dim if axis is None else axis
    elif isinstance(values, int):
        values, axis = axis, values
    return headrace.concat(values, axis, name)


def split(*args: Any, **kwargs: Any) -> Any:
    """`tf.split(value, num_or_size_splits, axis, num)`, or as before 1.0 `tf.split(split_dim, num_split, value)`."""
    if "split_dim" in kwargs or "num_split" in kwargs or (args and isinstance(args[0], int)):
        given = {**dict(zip(("split_dim", "num_split", "value", "name"), args)), **kwargs}
        return headrace.split(
            given["value"], given["num_split"], axis=given["split_dim"], name=given.get("name", "split")
        )
    return headrace.split(*args, **kwargs)


def _cross_entropy(name: str, *rest: str) -> Any:
    """A cross entropy whose arguments have names since 1.0. Without names they are those of before: the logits come first."""

    def function(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 2 + len(rest):
            raise TypeError(
                f"{name}() takes at most {2 + len(rest)} arguments without a name, received {len(args)}."
            )
        given = dict(zip(("logits", "labels", *rest), args))
        twice = set(given) & set(kwargs)
        if twice:
            raise TypeError(f"{name}() got multiple values for {sorted(twice)}: name all of its arguments.")
        given.update(kwargs)
        if "targets" in given:
            given["labels"] = given.pop("targets")
        return find(f"nn.{name}")(**given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`tf.nn.{name}(labels=…, logits=…)`, or as before 1.0 `tf.nn.{name}(logits, labels)`."
    return function


def _tag(tags: Any, what: str) -> str:
    if not isinstance(tags, str):
        raise TypeError(f"{what}() needs the tag as a str, received {tags!r}. Make one summary per tag.")
    return tags


def scalar_summary(tags: Any, values: Any, collections: Any = None, name: str | None = None) -> Any:
    """A summary of one number, as of before 1.0: `tags` is its whole name, no scope comes before it."""
    tag = _tag(tags, "scalar_summary")
    op = lookup("ScalarSummary")(tag, values, name=name)
    return _summarised(op, collections)


def histogram_summary(tag: Any, values: Any, collections: Any = None, name: str | None = None) -> Any:
    """A summary of the distribution of values, as of before 1.0."""
    return _summarised(
        lookup("HistogramSummary")(_tag(tag, "histogram_summary"), values, name=name), collections
    )


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Any = None, name: str | None = None
) -> Any:
    """A summary of images, as of before 1.0."""
    tag = _tag(tag, "image_summary")
    return _summarised(lookup("ImageSummary")(tag, tensor, max_images=max_images, name=name), collections)


def audio_summary(
    tag: Any, tensor: Any, sample_rate: Any, max_outputs: int = 3, collections: Any = None, name: str | None = None
) -> Any:  # fmt: skip
    """A summary of sounds, as of before 1.0."""
    op = lookup("AudioSummaryV2")(
        _tag(tag, "audio_summary"), tensor, sample_rate, max_outputs=max_outputs, name=name
    )
    return _summarised(op, collections)


def _summarised(value: Any, collections: Any) -> Any:
    graph: Any = state.graph
    if graph is not None:
        graph.add_to_collections(["summaries"] if collections is None else list(collections), value)
    return value


def merge_all_summaries(key: str = "summaries") -> Any:
    """All summaries of the collection as one string, or None where there are none."""
    return summary.merge_all(key)


def batch_matmul(x: Any, y: Any, adj_x: bool = False, adj_y: bool = False, name: str | None = None) -> Any:
    """Matrix products of batches: `tf.matmul`, with the names of before 1.0."""
    return headrace.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


def complex_abs(x: Any, name: str | None = None) -> Any:
    """The absolute value of complex numbers: `tf.abs`."""
    return headrace.abs(x, name)


def listdiff(x: Any, y: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Any:
    """What is in `x` and not in `y`, and where: `tf.setdiff1d`."""
    return find("setdiff1d")(x, y, out_idx, name)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """`num` evenly spaced numbers from one scalar to another, both included."""
    return lookup("LinSpace")(start, stop, num, name=name)


def select(condition: Any, t: Any, e: Any, name: str | None = None) -> Any:
    """`t` where the condition holds, else `e`: `tf.where`, with a vector condition choosing rows."""
    return find("where")(condition, t, e, name)


# Where the name is now (a dotted name below `tf`), or what it was.
NAMES: dict[str, Any] = {
    "audio_summary": audio_summary,
    "batch_cholesky": "cholesky",
    "batch_fft": "fft",
    "batch_fft2d": "fft2d",
    "batch_ifft": "ifft",
    "batch_ifft2d": "ifft2d",
    "batch_matmul": batch_matmul,
    "batch_matrix_band_part": "matrix_band_part",
    "batch_matrix_determinant": "matrix_determinant",
    "batch_matrix_diag": "matrix_diag",
    "batch_matrix_diag_part": "matrix_diag_part",
    "batch_matrix_inverse": "matrix_inverse",
    "batch_matrix_set_diag": "matrix_set_diag",
    "batch_matrix_solve": "matrix_solve",
    "batch_matrix_transpose": "matrix_transpose",
    "batch_matrix_triangular_solve": "matrix_triangular_solve",
    "batch_self_adjoint_eig": "self_adjoint_eig",
    "batch_svd": "svd",
    "complex_abs": complex_abs,
    "concat": concat,
    "histogram_summary": histogram_summary,
    "image_summary": image_summary,
    "inv": "reciprocal",
    "lin_space": linspace,
    "linspace": linspace,
    "list_diff": listdiff,
    "listdiff": listdiff,
    "merge_all_summaries": merge_all_summaries,
    "merge_summary": "summary.merge",
    "mul": "multiply",
    "neg": "negative",
    "nn.bidirectional_rnn": "nn.static_bidirectional_rnn",
    "nn.rnn": "nn.static_rnn",
    "nn.seq2seq": "contrib.legacy_seq2seq",
    "nn.sigmoid_cross_entropy_with_logits": _cross_entropy("sigmoid_cross_entropy_with_logits", "name"),
    "nn.softmax_cross_entropy_with_logits": _cross_entropy(
        "softmax_cross_entropy_with_logits", "dim", "name"
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": _cross_entropy(
        "sparse_softmax_cross_entropy_with_logits", "name"
    ),
    "nn.state_saving_rnn": "nn.static_state_saving_rnn",
    "pack": "stack",
    "scalar_summary": scalar_summary,
    "select": select,
    "split": split,
    "sub": "subtract",
    "train.SummaryWriter": "summary.FileWriter",
    "unpack": "unstack",
}
