"""Private modules that programs of TensorFlow 1.x import.

Most are collections of ops whose names are public somewhere: such a module is a list of the namespaces to look in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

_PYTHON = "tensorflow.python."
# Module -> the namespaces of `tf` that have its names ("" is `tf` itself).
GATHERED = {
    **{
        f"{_PYTHON}ops.{name}": spaces
        for name, spaces in {
            "array_ops": ("", "linalg", "math"),
            "candidate_sampling_ops": ("nn",),
            "check_ops": ("", "debugging"),
            "clip_ops": ("",),
            "control_flow_ops": ("",),
            "ctc_ops": ("nn",),
            "data_flow_ops": ("queue", ""),
            "embedding_ops": ("nn",),
            "functional_ops": ("",),
            "gradients": ("",),
            "gradients_impl": ("",),
            "image_ops": ("image",),
            "init_ops": ("", "initializers"),
            "io_ops": ("", "io"),
            "linalg_ops": ("", "linalg"),
            "logging_ops": ("", "summary"),
            "lookup_ops": ("", "lookup"),
            "math_ops": ("", "math"),
            "metrics": ("metrics",),
            "nn": ("nn",),
            "nn_impl": ("nn",),
            "nn_ops": ("nn",),
            "parsing_ops": ("", "io"),
            "partitioned_variables": ("",),
            "random_ops": ("", "random"),
            "rnn": ("nn",),
            "rnn_cell": ("nn.rnn_cell",),
            "sparse_ops": ("", "sparse"),
            "special_math_ops": ("", "math"),
            "state_ops": ("",),
            "string_ops": ("", "strings"),
            "template": ("",),
            "tensor_array_ops": ("",),
            "variable_scope": ("",),
            "variables": ("",),
            "losses.losses": ("losses",),
        }.items()
    },
    f"{_PYTHON}framework.constant_op": ("",),
    f"{_PYTHON}framework.ops": ("",),
    f"{_PYTHON}framework.random_seed": ("",),
    f"{_PYTHON}framework.graph_util": ("graph_util",),
    f"{_PYTHON}framework.tensor_shape": ("", "compat"),
    f"{_PYTHON}layers.base": ("layers",),
    f"{_PYTHON}layers.convolutional": ("layers",),
    f"{_PYTHON}layers.core": ("layers",),
    f"{_PYTHON}layers.layers": ("layers",),
    f"{_PYTHON}layers.normalization": ("layers",),
    f"{_PYTHON}layers.pooling": ("layers",),
    f"{_PYTHON}platform.app": ("app",),
    f"{_PYTHON}platform.flags": ("flags",),
    f"{_PYTHON}platform.gfile": ("gfile",),
    f"{_PYTHON}platform.tf_logging": ("logging",),
    f"{_PYTHON}summary.summary": ("summary",),
    **{
        f"{_PYTHON}training.{name}": ("train",)
        for name in (
            "adam", "adagrad", "checkpoint_utils", "coordinator", "gradient_descent", "learning_rate_decay",
            "momentum", "moving_averages", "optimizer", "queue_runner", "rmsprop", "saver",
            "session_run_hook", "training", "training_util",
        )
    },
    f"{_PYTHON}util.nest": ("nest",),
}  # fmt: skip
# Module -> the module of ours that has its names.
PLACES = {
    "tensorflow.contrib.framework.python.ops": "headrace.v1.contrib.framework",
    "tensorflow.contrib.framework.python.ops.arg_scope": "headrace.v1.contrib.arg_scopes",
    "tensorflow.contrib.framework.python.ops.variables": "headrace.v1.contrib.framework",
    "tensorflow.contrib.layers.python.layers": "headrace.v1.contrib.layers",
    "tensorflow.contrib.layers.python.layers.initializers": "headrace.v1.contrib.layers",
    "tensorflow.contrib.layers.python.layers.layers": "headrace.v1.contrib.layers",
    "tensorflow.contrib.layers.python.layers.regularizers": "headrace.v1.contrib.layers",
    "tensorflow.contrib.layers.python.layers.utils": "headrace.v1.contrib.layer_utils",
    "tensorflow.contrib.image.python.ops.dense_image_warp": "headrace.v1.contrib.image",
    "tensorflow.contrib.image.python.ops.distort_image_ops": "headrace.v1.contrib.image",
    "tensorflow.contrib.image.python.ops.image_ops": "headrace.v1.contrib.image",
    "tensorflow.contrib.image.python.ops.interpolate_spline": "headrace.v1.contrib.image",
    "tensorflow.contrib.image.python.ops.sparse_image_warp": "headrace.v1.contrib.image",
    "tensorflow.contrib.opt.python.training.sign_decay": "headrace.v1.contrib.opt",
    "tensorflow.contrib.rnn.python.ops.core_rnn_cell": "headrace.v1.contrib.rnn",
    "tensorflow.contrib.rnn.python.ops.core_rnn_cell_impl": "headrace.v1.contrib.rnn",
    "tensorflow.contrib.rnn.python.ops.rnn_cell": "headrace.v1.contrib.rnn",
    "tensorflow.contrib.seq2seq.python.ops.attention_wrapper": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.basic_decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.beam_search_decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.helper": "headrace.v1.contrib.seq2seq",
    "tensorflow.python.ops.rnn_cell_impl": "headrace.v1.contrib.rnn",
    "tensorflow.contrib.slim.python.slim.nets": "headrace.v1.contrib.slim.nets",
    "tensorflow.contrib.staging.python.ops": "headrace.v1.contrib.staging",
    "tensorflow.examples.tutorials.mnist": "headrace.v1.mnist",
    "tensorflow.examples.tutorials.mnist.input_data": "headrace.v1.mnist",
    "tensorflow.python.ops.data_flow_ops": "headrace.internals.data_flow_ops",
}


class Gathered(ModuleType):
    """A module whose names are found in some namespaces of `tf`."""

    def __init__(self, name: str, spaces: tuple[str, ...], look: Callable[[str], Any]) -> None:
        super().__init__(name, f"The names of {', '.join('tf.' + s if s else 'tf' for s in spaces)}.")
        self.__path__: list[str] = []
        self._spaces, self._look = spaces, look

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for space in self._spaces:
            try:
                value = self._look(f"{space}.{name}" if space else name)
            except AttributeError:
                continue
            setattr(self, name, value)
            return value
        raise AttributeError(f"module {self.__name__!r} (on Headrace) has no attribute {name!r}")


def find(fullname: str, look: Callable[[str], Any]) -> Any:
    """The module of that name, or None."""
    if fullname in PLACES:
        return importlib.import_module(PLACES[fullname])
    if fullname in GATHERED:
        return Gathered(fullname, GATHERED[fullname], look)
    if fullname.startswith("tensorflow.contrib."):
        parts = fullname.split(".")
        if len(parts) > 3 and parts[3] == "python":  # a package that only holds the modules above
            return _holder(fullname)
        return None
    if any(name.startswith(fullname + ".") for name in (*PLACES, *GATHERED)) and fullname.startswith(
        ("tensorflow.python", "tensorflow.examples")
    ):
        return _holder(fullname)
    return None


def _holder(fullname: str) -> Any:
    if not any(name.startswith(fullname + ".") for name in (*PLACES, *GATHERED)):
        return None
    package = ModuleType(fullname, "Holds private modules that Headrace provides.")
    package.__path__ = []
    return package
