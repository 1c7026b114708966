"""`import tensorflow` answered with Headrace, in processes that asked for it.

`install()` puts Headrace in the place of the `tensorflow` module; a finder answers for its submodules: a namespace
(`tensorflow.keras.layers`, `tensorflow.data`) is the object of that name, and the few of TensorFlow's private modules that
programs are known to import are in `headrace/internals/`."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from headrace.core import origin

# Modules of Keras that are amended when they have been imported -> the function that does it.
AMENDED = {
    "keras.src.backend.tensorflow.core": "headrace.internals.keras_steps.amend_core",
    "keras.src.backend.tensorflow.trainer": "headrace.internals.keras_steps.amend_trainer",
    "keras.src.callbacks.callback_list": "headrace.internals.keras_steps.amend_callbacks",
    "keras.src.legacy.saving.legacy_h5_format": "headrace.internals.keras_saving.amend",
    "keras.src.saving.saving_lib": "headrace.internals.keras_saving.amend",
    "keras.src.trainers.data_adapters.array_data_adapter": "headrace.internals.keras_batches.amend",
}

# Private modules that Keras and programs of the field import -> where we have their names.
PRIVATE = {
    "tensorflow.compiler.tf2xla.python.xla": "headrace.internals.xla",
    "tensorflow.core.example.example_pb2": "headrace.proto.example_pb2",
    "tensorflow.core.framework.attr_value_pb2": "headrace.proto.graph_pb2",
    "tensorflow.core.framework.graph_pb2": "headrace.proto.graph_pb2",
    "tensorflow.core.framework.node_def_pb2": "headrace.proto.graph_pb2",
    "tensorflow.core.framework.summary_pb2": "headrace.proto.event_pb2",
    "tensorflow.core.framework.variable_pb2": "headrace.proto.meta_graph_pb2",
    "tensorflow.core.framework.step_stats_pb2": "headrace.proto.run_metadata_pb2",
    "tensorflow.core.framework.tensor_pb2": "headrace.proto.tensor_pb2",
    "tensorflow.core.framework.tensor_shape_pb2": "headrace.proto.tensor_pb2",
    "tensorflow.core.framework.types_pb2": "headrace.proto.tensor_pb2",
    "tensorflow.core.protobuf.cluster_pb2": "headrace.proto.cluster_pb2",
    "tensorflow.core.protobuf.config_pb2": "headrace.internals.config_messages",
    "tensorflow.core.protobuf.meta_graph_pb2": "headrace.proto.meta_graph_pb2",
    "tensorflow.core.protobuf.rewriter_config_pb2": "headrace.proto.config_pb2",
    "tensorflow.core.protobuf.saved_model_pb2": "headrace.proto.saved_model_pb2",
    "tensorflow.core.protobuf.saver_pb2": "headrace.proto.checkpoint_pb2",
    "tensorflow.core.protobuf.tensorflow_server_pb2": "headrace.proto.server_pb2",
    "tensorflow.core.util.event_pb2": "headrace.proto.event_pb2",
    "tensorflow.python.data.ops.dataset_ops": "headrace.data.dataset",
    "tensorflow.python.client.device_lib": "headrace.internals.device_lib",
    "tensorflow.python.client.session": "headrace.session.session",
    "tensorflow.python.client.timeline": "headrace.session.timeline",
    "tensorflow.python.debug": "headrace.debugger",
    "tensorflow.python.debug.lib.debug_data": "headrace.debugger.dumps",
    "tensorflow.python.debug.lib.debug_utils": "headrace.debugger.watches",
    "tensorflow.python.debug.wrappers.dumping_wrapper": "headrace.debugger.wrappers",
    "tensorflow.python.debug.wrappers.framework": "headrace.debugger.watches",
    "tensorflow.python.debug.wrappers.hooks": "headrace.debugger.wrappers",
    "tensorflow.python.debug.wrappers.local_cli_wrapper": "headrace.debugger.wrappers",
    "tensorflow.python.eager.context": "headrace.internals.context",
    "tensorflow.python.eager.wrap_function": "headrace.graphs.wrapping",
    "tensorflow.python.feature_column.feature_column": "headrace.internals.feature_column",
    "tensorflow.python.feature_column.feature_column_lib": "headrace.internals.feature_column",
    "tensorflow.python.feature_column.feature_column_v2": "headrace.internals.feature_column",
    "tensorflow.python.feature_column.sequence_feature_column": "headrace.internals.feature_column",
    "tensorflow.python.feature_column.serialization": "headrace.internals.feature_column",
    "tensorflow.python.framework.config": "headrace.internals.config",
    "tensorflow.python.framework.dtypes": "headrace.api.dtypes",
    "tensorflow.python.framework.errors": "headrace.api.errors",
    "tensorflow.python.framework.ops": "headrace.internals.ops",
    "tensorflow.python.framework.sparse_tensor": "headrace.composites.sparse.tensor",
    "tensorflow.python.framework.tensor": "headrace.core.tensor",
    "tensorflow.python.framework.tensor_util": "headrace.internals.tensor_util",
    "tensorflow.python.framework.type_spec_registry": "headrace.internals.type_spec_registry",
    "tensorflow.python.lib.io.tf_record": "headrace.internals.tf_record",
    "tensorflow.python.ops.data_flow_ops": "headrace.internals.data_flow_ops",
    "tensorflow.python.ops.linalg.sparse.sparse_csr_matrix_ops": "headrace.internals.sparse_csr",
    "tensorflow.python.ops.math_ops": "headrace.internals.math_ops",
    "tensorflow.python.ops.ragged.ragged_tensor": "headrace.composites.ragged.ragged_tensor",
    "tensorflow.python.framework.importer": "headrace.graphs.reading",
    "tensorflow.python.framework.meta_graph": "headrace.graphs.meta",
    "tensorflow.python.platform.gfile": "headrace.api.io_gfile",
    "tensorflow.python.profiler.model_analyzer": "headrace.inspector.profile",
    "tensorflow.python.profiler.option_builder": "headrace.inspector.profile",
    "tensorflow.python.saved_model.builder": "headrace.saved_model.builder",
    "tensorflow.python.saved_model.builder_impl": "headrace.saved_model.builder",
    "tensorflow.python.saved_model.constants": "headrace.saved_model.constants",
    "tensorflow.python.saved_model.load_options": "headrace.saved_model.options",
    "tensorflow.python.saved_model.loader": "headrace.saved_model.loader",
    "tensorflow.python.saved_model.loader_impl": "headrace.saved_model.loader",
    "tensorflow.python.saved_model.main_op": "headrace.saved_model.main_op",
    "tensorflow.python.saved_model.main_op_impl": "headrace.saved_model.main_op",
    "tensorflow.python.saved_model.method_name_updater": "headrace.saved_model.methods",
    "tensorflow.python.saved_model.save_options": "headrace.saved_model.options",
    "tensorflow.python.saved_model.signature_constants": "headrace.saved_model.constants",
    "tensorflow.python.saved_model.signature_def_utils": "headrace.saved_model.signatures",
    "tensorflow.python.saved_model.signature_def_utils_impl": "headrace.saved_model.signatures",
    "tensorflow.python.saved_model.simple_save": "headrace.saved_model.builder",
    "tensorflow.python.saved_model.tag_constants": "headrace.saved_model.constants",
    "tensorflow.python.saved_model.utils": "headrace.saved_model.signatures",
    "tensorflow.python.saved_model.utils_impl": "headrace.saved_model.signatures",
    "tensorflow.python.summary.summary_iterator": "headrace.api.compat_v1_messages",
    "tensorflow.python.tools.freeze_graph": "headrace.internals.freeze_graph",
    "tensorflow.python.tools.optimize_for_inference_lib": "headrace.internals.inference",
    "tensorflow.python.tools.strip_unused_lib": "headrace.internals.inference",
    "tensorflow.python.trackable.data_structures": "headrace.core.trackable",
    "tensorflow.python.checkpoint.checkpoint": "headrace.internals.checkpoints",
    "tensorflow.python.checkpoint.checkpoint_management": "headrace.internals.checkpoints",
    "tensorflow.python.pywrap_tensorflow": "headrace.internals.checkpoints",
    "tensorflow.python.tools.inspect_checkpoint": "headrace.internals.checkpoints",
    "tensorflow.python.training.basic_session_run_hooks": "headrace.session.hooks",
    "tensorflow.python.training.checkpoint_management": "headrace.internals.checkpoints",
    "tensorflow.python.training.checkpoint_utils": "headrace.internals.checkpoints",
    "tensorflow.python.training.device_setter": "headrace.session.device_setter",
    "tensorflow.python.training.monitored_session": "headrace.session.monitored",
    "tensorflow.python.training.py_checkpoint_reader": "headrace.internals.checkpoints",
    "tensorflow.python.training.saver": "headrace.internals.checkpoints",
    "tensorflow.python.training.session_manager": "headrace.session.session_manager",
    "tensorflow.python.training.session_run_hook": "headrace.session.run_hooks",
    "tensorflow.python.training.supervisor": "headrace.session.supervisor",
    "tensorflow.python.util.nest": "headrace.api.nest",
}


def install() -> None:
    """Makes `import tensorflow` in this process give Headrace. Calling it again does nothing.

    Raises:
      RuntimeError: the real TensorFlow was imported before.

    >>> import headrace
    >>> headrace.install()
    >>> import tensorflow as tf
    >>> tf is headrace
    True
    """
    import headrace

    if sys.modules.get("tensorflow") is not headrace:
        answer(headrace, find_module)


def answer(root: ModuleType, find: Callable[[str], Any]) -> None:
    """Puts `root` in the place of the `tensorflow` module; `find` gives its submodules, or None.

    Raises:
      RuntimeError: there is another `tensorflow` module."""
    present = sys.modules.get("tensorflow")
    if present is not None:
        raise RuntimeError(
            f"TensorFlow was imported in this process already (from {getattr(present, '__file__', 'an unknown place')}). "
            "Call headrace.install() before anything imports tensorflow, or start the program with `headrace run`."
        )
    sys.modules["tensorflow"] = root
    origin.assume()
    sys.meta_path.insert(0, _Finder(find))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds `tensorflow.<anything>` in Headrace, and `headrace.keras.<anything>` in Keras; some of Keras's modules
    are amended."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find = find

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname in AMENDED:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path)
            if spec is not None:
                spec.loader = _Amended(spec.loader)
            return spec
        if not fullname.startswith(("tensorflow.", "headrace.keras.")):
            return None
        found = (self._find if fullname.startswith("tensorflow.") else find_module)(fullname)
        if found is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(found), is_package=True)


class _Loader(importlib.abc.Loader):
    """Hands out an object that is there already: what `sys.modules` holds after `exec_module` is what an import gives."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        if not hasattr(self._found, "__path__"):
            self._found.__path__ = []  # `import tensorflow.experimental.numpy` asks whether it may have submodules
        sys.modules[module.__spec__.name] = self._found


class _Amended(importlib.abc.Loader):
    """Loads a module of Keras as its own loader does, and amends it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: Any) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        where, _, name = AMENDED[module.__name__].rpartition(".")
        getattr(importlib.import_module(where), name)(module)

    def __getattr__(self, name: str) -> Any:  # `get_source` and others, for tracebacks
        return getattr(self._loader, name)


def find_module(fullname: str) -> Any:
    """The module of that name below `tensorflow`, or None."""
    if fullname in PRIVATE:
        return importlib.import_module(PRIVATE[fullname])
    if any(name.startswith(fullname + ".") for name in PRIVATE):
        return _package(fullname)
    import headrace

    value: Any = headrace
    for part in fullname.split(".")[1:]:
        value = getattr(value, part, None)
    return value if isinstance(value, ModuleType) else None


def _package(fullname: str) -> ModuleType:
    """A package that exists only to hold the modules in `PRIVATE`.

    Importing it makes it an attribute of the package above, which is Headrace: where a folder of Headrace has the same name
    (`core`, `compiler`), the package has what the folder has, too."""
    package = ModuleType(fullname, "Holds the private modules that Headrace provides.")
    package.__path__ = []
    own = "headrace" + fullname.removeprefix("tensorflow")
    if fullname.count(".") == 1 and importlib.util.find_spec(own) is not None:
        folder = importlib.import_module(own)
        package.__getattr__ = lambda name: getattr(folder, name)  # type: ignore[method-assign]
    return package
