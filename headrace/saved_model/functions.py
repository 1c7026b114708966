"""Graphs of SavedModels as functions: what `tf.saved_model.load` makes of a model that a session saved."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from headrace.api.variables import Variable
from headrace.core import dtypes, nest
from headrace.core.dispatch import run_eager
from headrace.core.graph import PLACEHOLDER, FuncGraph, Operation, get_default_graph
from headrace.core.specs import CompositeTensor
from headrace.core.state import building, init_scope, state
from headrace.core.static import static_value
from headrace.core.tensor import wrap
from headrace.core.trackable import AutoTrackable
from headrace.graphs.meta import import_scoped, saver_of
from headrace.graphs.wrapping import WrappedFunction, part
from headrace.io import files
from headrace.session.keys import GraphKeys
from headrace.session.scaffold import Scaffold

from .assets import Asset, asset_feeds
from .constants import INIT_OP_SIGNATURE_KEY, TRAIN_OP_SIGNATURE_KEY
from .files import variables_path
from .main_op import find_main_op
from .signatures import get_tensor_from_tensor_info

TABLES = frozenset(
    ("HashTableV2", "MutableHashTableV2", "MutableHashTableOfTensorsV2", "MutableDenseHashTableV2")
)


class LoadedGraph(AutoTrackable):
    """A graph of a SavedModel.

    `signatures` are its functions by name: they take tensors by name and return a dict of them. `variables` are what it
    computes with, `graph` is all of it, `asset_paths` are its files. `prune(feeds, fetches)` makes a function of any of its tensors;
    `restore(path)` reads other values of the variables.
    """

    signatures: Mapping[str, WrappedFunction]
    variables: list[Variable]
    asset_paths: list[Asset]

    def __init__(self, graph: FuncGraph, held: Sequence[Any], info: Any) -> None:
        self.graph = graph
        self._held = held
        self.tensorflow_version = info.tensorflow_version
        self.tensorflow_git_version = info.tensorflow_git_version

    def prune(
        self, feeds: Any, fetches: Any, name: str | None = None, input_signature: Any = None
    ) -> WrappedFunction:
        """A function of tensors of the graph (or their names): of `feeds`, to `fetches`. Operations among these are run."""
        made = part(self.graph, feeds, fetches, name, input_signature)
        made._created = self._held  # the graph refers to its variables weakly
        return made


def load_graph(export_dir: Any, meta_graph: Any, skip_variables: bool = False) -> LoadedGraph:
    """Loads a graph of a SavedModel: restores its variables (unless these are skipped), runs what wants to be run first.

    Raises:
      NotImplementedError: in a graph that a session runs.
      ValueError: the graph contradicts itself, or its checkpoint is not there.
    """
    folder = files.path_text(export_dir)
    with init_scope():
        if state.graph is not None:
            raise NotImplementedError(
                "tf.saved_model.load makes functions, and a graph for sessions is being built. Load the model with "
                "tf.compat.v1.saved_model.load(session, tags, export_dir)."
            )
        graph = FuncGraph("saved_model")
        with building(graph, tapes=()):
            message, scope, _ = import_scoped(meta_graph, graph=graph)
            saver = saver_of(message, scope)
            main_op = find_main_op(meta_graph, scope) or Scaffold.default_local_init_op()
            assets = asset_feeds(folder, meta_graph, scope)
            signatures = {
                key: _Signature(signature)
                for key, signature in meta_graph.signature_def.items()
                if key not in (INIT_OP_SIGNATURE_KEY, TRAIN_OP_SIGNATURE_KEY)
            }
        variables, others = _resources(graph)
        loaded = LoadedGraph(graph, [*variables, *others], meta_graph.meta_info_def)
        loaded.variables = variables
        if saver is not None:
            restore = loaded.prune([saver.saver_def.filename_tensor_name], [saver.saver_def.restore_op_name])
            loaded.restore = restore
            if not skip_variables:
                restore(variables_path(folder))
        loaded.asset_paths = [Asset(path) for _, path in assets]
        loaded.prune([t for t, _ in assets], [main_op])(*[a.asset_path for a in loaded.asset_paths])
        loaded.signatures = MappingProxyType({k: s.function(loaded, k) for k, s in signatures.items()})
    return loaded


# ---------------------------------------------------------------------------------------------------------------- signatures
class _Signature:
    """A signature's tensors in the default graph: what a function of them takes and returns."""

    def __init__(self, message: Any) -> None:
        graph = get_default_graph()
        self.inputs: dict[str, Any] = {}
        for name in sorted(message.inputs):
            value = get_tensor_from_tensor_info(message.inputs[name], graph)
            parts = nest.flatten(value, expand_composites=True)
            if not isinstance(value, CompositeTensor):
                self.inputs[name] = value
            elif message.inputs[name].WhichOneof("encoding") == "coo_sparse":
                self.inputs.update(zip((f"{name}_indices", f"{name}_values", f"{name}_dense_shape"), parts))
            else:
                self.inputs.update({f"{name}_component_{i}": t for i, t in enumerate(parts)})
        self.outputs = {
            k: get_tensor_from_tensor_info(message.outputs[k], graph) for k in sorted(message.outputs)
        }

    def function(self, loaded: LoadedGraph, key: str) -> WrappedFunction:
        names = sorted(self.inputs)
        made = part(loaded.graph, [self.inputs[n] for n in names], self.outputs, key, names=names)
        made._created = loaded._held
        return made


# ----------------------------------------------------------------------------------------------------------------- resources
def _resources(graph: FuncGraph) -> tuple[list[Variable], list[Any]]:
    """Makes the variables and tables of an imported graph. The nodes that stood for them become captures: a function would
    make others in every call."""
    known = {}
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in graph.get_collection(key):
            known[id(variable.handle.op)] = variable
    trainable = {id(v.handle.op) for v in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)}
    made: dict[int, Variable] = {}
    others = []
    for node in graph.operations:
        if node.type == "VarHandleOp":
            named = known.get(id(node))
            name = named.op.name if named is not None else node.attrs["shared_name"] or node.name
            variable = made[id(node)] = _variable(node, name, id(node) in trainable)
            graph.variables[id(variable)] = weakref.ref(variable)
            _capture(graph, node, variable.handle)
        elif node.type in TABLES:
            inputs = [static_value(t) for t in node.inputs]
            if any(x is None for x in inputs):
                raise NotImplementedError(f"The table {node.name!r} is made of what the graph computes.")
            values = [wrap(x, t._dtype) for x, t in zip(inputs, node.inputs) if x is not None]
            with building(None, tapes=()):
                (handle,) = run_eager(node.op_def, values, {**node.attrs, "shared_name": ""})
            if "_handle_data" in node.outputs[0].__dict__:
                handle.__dict__["_handle_data"] = node.outputs[0].__dict__["_handle_data"]
            others.append(handle)
            _capture(graph, node, handle)
    first = [id(v.handle.op) for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES)]
    order = [*first, *[key for key in made if key not in first]]
    return [made[key] for key in dict.fromkeys(order)], others


def _variable(node: Operation, name: str, trainable: bool) -> Variable:
    dtype, shape = node.attrs["dtype"], node.attrs["shape"]
    one = np.array(b"", object) if dtype is dtypes.string else np.zeros((), dtype._np)
    value = np.broadcast_to(one, [d or 0 for d in shape or ()])  # takes no memory, whatever the message says
    variable = Variable(wrap(value, dtype), trainable=trainable, name=name, shape=shape)
    variable._state.clear()  # it has no value until it is restored, or the model initialises it
    return variable


def _capture(graph: FuncGraph, node: Operation, handle: Any) -> None:
    (inner,) = node.outputs
    node.op_def, node.attrs, node.inputs = PLACEHOLDER, {"dtype": dtypes.resource, "shape": ()}, ()
    graph.captures[id(handle)] = (handle, inner)
    graph.inputs.append(inner)


__all__ = ["LoadedGraph", "load_graph"]
