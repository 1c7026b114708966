"""Private modules that programs of TensorFlow 1.x import.

Most are collections of ops whose names are public somewhere: such a module is a list of the namespaces to look in."""

from __future__ import annotations

import importlib
import re
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
            "bitwise_ops": ("bitwise",),
            "candidate_sampling_ops": ("nn",),
            "check_ops": ("", "debugging"),
            "clip_ops": ("",),
            "confusion_matrix": ("math", ""),
            "control_flow_ops": ("",),
            "ctc_ops": ("nn",),
            "custom_gradient": ("",),
            "data_flow_ops": ("queue", ""),
            "embedding_ops": ("nn",),
            "functional_ops": ("",),
            "gradient_checker": ("test",),
            "gradients": ("",),
            "gradients_impl": ("",),
            "histogram_ops": ("",),
            "image_ops": ("image",),
            "init_ops": ("", "initializers"),
            "io_ops": ("", "io"),
            "linalg_ops": ("", "linalg"),
            "logging_ops": ("", "summary"),
            "lookup_ops": ("contrib.lookup", "", "lookup"),
            "map_fn": ("",),
            "math_ops": ("", "math"),
            "metrics": ("metrics",),
            "metrics_impl": ("metrics",),
            "nn": ("nn",),
            "nn_impl": ("nn",),
            "nn_ops": ("nn",),
            "parsing_ops": ("", "io"),
            "partitioned_variables": ("",),
            "random_ops": ("", "random"),
            "resource_variable_ops": ("",),
            "rnn": ("nn",),
            "rnn_cell": ("nn.rnn_cell",),
            "script_ops": ("",),
            "sets": ("sets",),
            "spectral_ops": ("spectral", "signal"),
            "standard_ops": ("",),
            "sparse_ops": ("", "sparse"),
            "special_math_ops": ("", "math"),
            "state_ops": ("",),
            "string_ops": ("", "strings"),
            "template": ("",),
            "tensor_array_ops": ("",),
            "variable_scope": ("",),
            "variables": ("",),
            "losses.losses": ("losses",),
            "losses.losses_impl": ("losses",),
            "losses.util": ("losses",),
            **dict.fromkeys(
                [
                    f"distributions.{kind}"
                    for kind in (
                        "bernoulli", "beta", "categorical", "dirichlet", "distribution", "distributions", "exponential", "gamma",
                        "kullback_leibler", "laplace", "multinomial", "normal", "student_t", "uniform",
                    )
                ],
                ("distributions",),
            ),
        }.items()
    },
    f"{_PYTHON}framework.constant_op": ("",),
    f"{_PYTHON}framework.ops": ("",),
    f"{_PYTHON}framework.random_seed": ("",),
    f"{_PYTHON}framework.device": ("",),
    f"{_PYTHON}framework.errors_impl": ("errors",),
    f"{_PYTHON}framework.graph_io": ("io",),
    f"{_PYTHON}framework.graph_util": ("graph_util",),
    f"{_PYTHON}framework.graph_util_impl": ("graph_util",),
    f"{_PYTHON}framework.tensor_shape": ("", "compat"),
    f"{_PYTHON}framework.tensor_spec": ("",),
    f"{_PYTHON}framework.test_util": ("test",),
    f"{_PYTHON}framework.versions": ("", "version"),
    f"{_PYTHON}data": ("data",),
    f"{_PYTHON}data.ops.iterator_ops": ("data",),
    f"{_PYTHON}data.ops.readers": ("data",),
    f"{_PYTHON}data.util.nest": ("nest",),
    f"{_PYTHON}eager.backprop": ("",),
    f"{_PYTHON}eager.def_function": ("",),
    f"{_PYTHON}layers.base": ("layers",),
    f"{_PYTHON}layers.convolutional": ("layers",),
    f"{_PYTHON}layers.core": ("layers",),
    f"{_PYTHON}layers.layers": ("layers",),
    f"{_PYTHON}layers.normalization": ("layers",),
    f"{_PYTHON}layers.pooling": ("layers",),
    f"{_PYTHON}platform.app": ("app",),
    f"{_PYTHON}platform.flags": ("flags",),
    f"{_PYTHON}platform.gfile": ("gfile",),
    f"{_PYTHON}platform.googletest": ("test",),
    f"{_PYTHON}platform.resource_loader": ("resource_loader",),
    f"{_PYTHON}platform.sysconfig": ("sysconfig",),
    f"{_PYTHON}platform.test": ("test",),
    f"{_PYTHON}platform.tf_logging": ("logging",),
    f"{_PYTHON}saved_model.builder_impl": ("saved_model.builder",),
    f"{_PYTHON}saved_model.loader_impl": ("saved_model.loader",),
    f"{_PYTHON}saved_model.signature_def_utils_impl": ("saved_model.signature_def_utils",),
    f"{_PYTHON}saved_model.utils_impl": ("saved_model.utils",),
    f"{_PYTHON}summary.summary": ("summary",),
    f"{_PYTHON}summary.summary_iterator": ("train",),
    f"{_PYTHON}summary.writer.writer": ("summary",),
    **{
        f"{_PYTHON}training.{name}": ("train",)
        for name in (
            "adadelta", "adagrad", "adagrad_da", "adam", "checkpoint_utils", "coordinator", "device_setter", "ftrl",
            "gradient_descent", "input", "learning_rate_decay", "learning_rate_decay_v2", "momentum", "optimizer",
            "proximal_adagrad", "proximal_gradient_descent", "queue_runner", "queue_runner_impl", "rmsprop", "saver",
            "server_lib", "session_run_hook", "summary_io", "sync_replicas_optimizer", "training", "training_util",
        )
    },
    f"{_PYTHON}util.compat": ("compat",),
    f"{_PYTHON}util.nest": ("nest",),
}  # fmt: skip
# Module -> the module of ours that has its names.
PLACES = {
    "tensorflow.contrib.framework.python.ops.arg_scope": "headrace.v1.contrib.arg_scopes",
    "tensorflow.contrib.framework.python.ops.variables": "headrace.v1.contrib.framework",
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
    "tensorflow.contrib.seq2seq.python.ops.attention_wrapper": "headrace.v1.contrib.seq2seq.attention_wrapper",
    "tensorflow.contrib.seq2seq.python.ops.basic_decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.beam_search_decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.decoder": "headrace.v1.contrib.seq2seq",
    "tensorflow.contrib.seq2seq.python.ops.helper": "headrace.v1.contrib.seq2seq",
    "tensorflow.python.ops.rnn_cell_impl": "headrace.v1.contrib.rnn",
    "tensorflow.contrib.slim.python.slim.nets": "headrace.v1.contrib.slim.nets",
    "tensorflow.contrib.staging.python.ops": "headrace.v1.contrib.staging",
    "tensorflow.examples.tutorials.mnist": "headrace.v1.mnist",
    "tensorflow.examples.tutorials.mnist.input_data": "headrace.v1.mnist",
    "tensorflow.core.example.feature_pb2": "headrace.proto.example_pb2",
    "tensorflow.python.framework.function": "headrace.v1.internals.defun",
    "tensorflow.python.layers.utils": "headrace.v1.internals.layers_utils",
    "tensorflow.python.lib.io.file_io": "headrace.v1.internals.file_io",
    "tensorflow.python.ops.core_rnn_cell_impl": "headrace.v1.contrib.rnn",
    "tensorflow.python.ops.data_flow_ops": "headrace.internals.data_flow_ops",
    "tensorflow.python.ops.seq2seq": "headrace.v1.contrib.legacy_seq2seq",
    "tensorflow.python.training.moving_averages": "headrace.v1.internals.moving_averages",
    "tensorflow.python.util.deprecation": "headrace.v1.internals.deprecation",
    "tensorflow.python.util.tf_contextlib": "contextlib",
    "tensorflow.python.util.tf_export": "headrace.v1.internals.tf_export",
    "tensorflow.python.util.tf_inspect": "inspect",
}
# Modules of one function for each op, by its name in lower case: `gen_nn_ops.relu_grad` is the op ReluGrad.
_OPS = re.compile(r"tensorflow\.python\.(ops\.gen_\w+_ops|training\.(gen_)?training_ops)")


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


class Ops(ModuleType):
    """A module of functions for ops: inputs come first, then attributes, then `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "A function for each op.")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        from headrace.core.op import TABLE

        if name.startswith("__"):
            raise AttributeError(name)
        wanted = name.strip("_").replace("_", "").lower()
        for kind, op in TABLE.items():
            if kind.lower() == wanted:
                value = _function(op)
                setattr(self, name, value)
                return value
        raise AttributeError(
            f"module {self.__name__!r} (on Headrace) has no attribute {name!r}: there is no such op."
        )


def _function(op: Any) -> Callable[..., Any]:
    names = [a.name for a in op.signature.inputs] + list(op.attrs)

    def call(*args: Any, **kwargs: Any) -> Any:
        given = {**dict(zip(names, args)), **kwargs}
        inputs = [given.pop(a.name) for a in op.signature.inputs]
        return op(*inputs, **given)

    call.__name__ = op.name
    return call


class Behind(ModuleType):
    """A private module of a part of `tf.contrib`, which has the names of the whole part."""

    def __init__(self, name: str, part: ModuleType) -> None:
        super().__init__(name, f"The names of {part.__name__}.")
        self.__path__: list[str] = []
        self._part = part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._part, name)


def _behind(fullname: str) -> Any:
    """What `tensorflow.contrib.<part>.python.…` is: the part's module of that name, or all of its names."""
    from . import contrib

    _, _, name, *rest = fullname.split(".")
    if name not in contrib.PARTS:
        return None
    part = importlib.import_module(f"{contrib.__name__}.{name}")
    found: Any = part
    for word in rest[1:]:  # after "python"
        found = getattr(part, word, None)
        part = found if isinstance(found, ModuleType) else part
    return part if len(rest) > 1 and found is part else Behind(fullname, part)


def find(fullname: str, look: Callable[[str], Any]) -> Any:
    """The module of that name, or None."""
    if fullname in PLACES:
        return importlib.import_module(PLACES[fullname])
    if fullname in GATHERED:
        return Gathered(fullname, GATHERED[fullname], look)
    if _OPS.fullmatch(fullname):
        return Ops(fullname)
    if fullname.startswith("tensorflow.contrib."):
        return _behind(fullname) if ".python" in fullname or fullname.endswith(".lookup_ops") else None
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
