"""The base of the 1.x optimizers: gradients, slots, and one operation that updates everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from headrace.api.variables import Variable
from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import get_default_graph
from headrace.core.graph import name_scope as enter_name_scope
from headrace.core.op import lookup
from headrace.core.shapes import known
from headrace.core.slices import owners, places
from headrace.core.state import init_scope, state
from headrace.core.tape import GradientTape, is_slices

from .keys import GraphKeys
from .scopes import make_variable, variable_scope
from .variable_store import store


class Optimizer:
    """Base class of the 1.x optimizers.

    Subclasses define `_create_slots(var_list)`, `_prepare()` (hyperparameters as tensors), `_apply_dense(grad, var)`,
    `_apply_sparse(grad, var)` (whose rows have no repeated index), and, where something remains to be done after all variables,
    `_finish(update_ops, name)`. Variables that are resources are updated by `_resource_apply_dense(grad, handle)` and
    `_resource_apply_sparse(grad, handle, indices)` where a subclass defines these.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(
        self, use_locking: bool, name: str, use_own_namescope_for_non_slot_vars: bool = False
    ) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking  # updates are atomic either way
        self._name = name
        self._own_scope = use_own_namescope_for_non_slot_vars  # of variables that belong to no other
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot: dict[tuple[str, Any], Any] = {}

    def get_name(self) -> str:
        return self._name

    # ------------------------------------------------------------------------------------------------------- gradients
    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:  # fmt: skip
        """An operation that makes one step: `compute_gradients` and `apply_gradients`.

        Args:
          loss: a tensor; in eager mode a function without arguments that gives one.
          global_step: a variable that the step adds one to.
          var_list: the variables to train; all of the collection "trainable_variables" by default.
          gate_gradients: GATE_GRAPH lets no variable change before all gradients are computed. (Nothing needs to be done
            for GATE_OP: an op's gradients are computed together here.)

        Raises:
          ValueError: the loss depends on none of the variables.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if not any(g is not None for g, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, between "
                f"variables {[str(v) for _, v in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """Pairs of gradient (None where the loss does not depend on the variable) and variable."""
        if callable(loss):
            with GradientTape() as tape:
                if var_list is not None:
                    tape.watch(var_list)
                value = loss()
            if var_list is None:
                var_list = tape.watched_variables()
            grads = tape.gradient(value, list(var_list), grad_loss)
            return list(zip(grads, var_list))
        if state.graph is None:
            raise RuntimeError(
                "`loss` passed to Optimizer.compute_gradients should be a function when eager execution is enabled."
            )
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                f"gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH. Not {gate_gradients}"
            )
        if not loss._dtype.is_floating and not loss._dtype.is_complex:
            raise ValueError(
                f"Invalid type {loss._dtype!r} for {loss.name}, expected: {list(self._valid_dtypes())}."
            )
        if var_list is None:
            graph = get_default_graph()
            var_list = list(
                dict.fromkeys(
                    graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
                    + graph.get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
                )
            )
        flat = [p for v in _flat(var_list) for p in (v if hasattr(v, "_parts") else [v])]
        if not flat:
            raise ValueError("No variables to optimize.")
        from headrace.api.autodiff import gradients

        grads = gradients(
            loss, flat, grad_loss,
            aggregation_method=aggregation_method, gate_gradients=gate_gradients == self.GATE_OP,
        )  # fmt: skip
        if gate_gradients == self.GATE_GRAPH:
            from headrace.api.script import tuple as together

            grads = together(grads)
        return list(zip(grads, flat))

    # --------------------------------------------------------------------------------------------------------- updates
    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
    ) -> Any:
        """An operation that applies gradients (pairs of gradient and variable), and then adds one to `global_step`.

        Args:
          skip_gradients_aggregation: whether replicas have summed the gradients already. (There is one replica, whose
            gradients are their sum.)

        Raises:
          TypeError: a gradient is no tensor.
          ValueError: there is nothing to apply.
        """
        pairs = [(g, v) for g, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        for _, v in pairs:
            if not isinstance(v, Variable):
                raise NotImplementedError(f"Trying to update a Tensor {v!r}: only variables can be trained.")
        ready = [(g if g is None or is_slices(g) else to_tensor(g), v) for g, v in pairs]
        used = [v for g, v in ready if g is not None]
        if not used:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v in pairs]}.")
        with init_scope():
            self._create_slots(used)
        with enter_name_scope(name or self._name) as scope:
            self._prepare()
            updates = []
            for g, v in ready:
                if g is None:
                    continue
                with enter_name_scope("update_" + _name_of(v)):
                    updates.append(self._update(g, v))
            done = self._finish(updates, "update" if global_step is not None else scope or self._name)
            if global_step is not None:
                done = self._count(done, global_step, scope)
        if state.graph is not None:
            train_ops = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
            if done not in train_ops:
                train_ops.append(done)
        return done

    def _count(self, done: Any, global_step: Any, scope: str) -> Any:
        if state.graph is None:
            global_step.assign_add(1)
            return None
        with get_default_graph().control_dependencies([done]):
            done = lookup("AssignAddVariableOp")(
                global_step.handle, to_tensor(1, global_step.dtype), name=scope or self._name
            )
            return getattr(
                done, "op", done
            )  # of a variable that is a reference: the operation, not the reference

    def _update(self, grad: Any, var: Any) -> Any:
        if is_slices(grad):
            if var.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if self._by_reference(var, "apply_sparse_duplicate_indices", "apply_sparse"):
                return self._apply_sparse_duplicate_indices(grad, var)
            return self._resource_apply_sparse_duplicate_indices(grad.values, var, grad.indices)
        if self._by_reference(var, "apply_dense"):
            node = self._apply_dense(grad, var)
        else:
            node = self._resource_apply_dense(grad, var)
        if var.constraint is None:
            return node
        with _after(node):
            return var.assign(var.constraint(var.value()), read_value=False)

    def _by_reference(self, var: Any, *methods: str) -> bool:
        """Whether the rule for references (`_apply_dense` …) updates a variable, or that for resources
        (`_resource_apply_dense` …): the one that the most derived class defines. Where a class defines both, it is the
        variable's kind that decides."""
        older, newer = ({f"{prefix}{m}" for m in methods} for prefix in ("_", "_resource_"))
        for kind in type(self).__mro__:
            has = not older.isdisjoint(vars(kind)), not newer.isdisjoint(vars(kind))
            if any(has):
                return has[0] and (not has[1] or var.handle._dtype.kind != "r")
        return False

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        """What is done after all updates; the result is the train op."""
        from headrace.api.script import group

        return group(*update_ops, name=name_scope)

    # ------------------------------------------------------------------------------------------ for subclasses to define
    def _valid_dtypes(self) -> set[Any]:
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Makes the slot variables."""

    def _prepare(self) -> None:
        """Makes tensors of the hyperparameters."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} does not say how a gradient is applied: define _apply_dense."
        )

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} does not say how gradients of rows are applied: define _apply_sparse."
        )

    # The names that later versions of the interface use; without them, those above are meant.
    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        return self._apply_dense(grad, handle)

    def _resource_apply_sparse(self, grad: Any, handle: Any, indices: Any) -> Any:
        from headrace.core.slices import IndexedSlices

        return self._apply_sparse(IndexedSlices(grad, indices), handle)

    def _resource_apply_sparse_duplicate_indices(self, grad: Any, handle: Any, indices: Any) -> Any:
        """Applies the gradients of rows, of which some may be of the same row: these are added up first."""
        values, rows = _each_once(grad, indices)
        return self._resource_apply_sparse(values, handle, rows)

    def _apply_sparse_duplicate_indices(self, grad: Any, var: Any) -> Any:
        """The same for a variable that is a reference."""
        from headrace.core.slices import IndexedSlices

        return self._apply_sparse(
            IndexedSlices(*_each_once(grad.values, grad.indices), grad.dense_shape), var
        )

    # ----------------------------------------------------------------------------------------------------------- slots
    def get_slot(self, var: Any, name: str) -> Any:
        """The slot variable of that name for `var`; None if there is none."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """The names of the slots."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """The optimizer's own variables."""
        own = [*self._non_slot.values(), *[v for slots in self._slots.values() for v in slots.values()]]
        return sorted({id(v): v for v in own}.values(), key=lambda v: v.name)

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        """The slot, made of zeros if it does not exist."""
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create_slot(var, lambda: _zeros(var), op_name)
        return slots[_key(var)]

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        slots = self._slot_dict(slot_name)
        if _key(var) not in slots:
            slots[_key(var)] = create_slot(var, val, op_name)
        return slots[_key(var)]

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Callable[..., Any], shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        sizes = list(shape) if shape is not None else None
        return self._get_or_make_slot(var, lambda: initializer(sizes, dtype=dtype), slot_name, op_name)

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any = None) -> Any:
        """A variable of the optimizer that belongs to none of the trained ones."""
        key = name, _around(state.graph)
        if key not in self._non_slot:
            kind = of_the_kind_of(colocate_with)
            full = f"{self._name}/{name}" if self._own_scope else name
            self._non_slot[key] = make_variable(initial_value, name=full, trainable=False, **kind)
        return self._non_slot[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot.get((name, _around(graph)))

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param

    def _tensor(self, value: Any, name: str) -> Any:
        """A hyperparameter (a value, a tensor, or a function that gives one) as a tensor."""
        value = self._call_if_callable(value)
        return to_tensor(value.value() if isinstance(value, Variable) else value, name=name)


def _around(graph: Any) -> Any:
    """The graph in which a branch, a loop or a function makes its variables; None in eager mode."""
    while graph is not None and graph.building_function:
        graph = graph.outer
    return graph


def _each_once(values: Any, indices: Any) -> tuple[Any, Any]:
    """Gradients of rows and the rows, each once."""
    rows, places = lookup("Unique")(indices)
    n = lookup("StridedSlice")(lookup("Shape")(rows), [0], [1], [1], shrink_axis_mask=1)
    return lookup("UnsortedSegmentSum")(values, places, n), rows


def cast(x: Any, like: Any) -> Any:
    """A hyperparameter in a variable's type."""
    dtype = like.dtype.base_dtype
    return x if x._dtype is dtype else lookup("Cast")(x, DstT=dtype)


def summed(values: Any, indices: Any, var: Any) -> tuple[Any, Any]:
    """Gradients of rows, each the sum of all with its index, and whether each is the one place of its index. An op that applies
    all rows to the old values can be given these: unlike the set of rows, they have a shape that is known before they run."""
    positions, n = places(indices)
    rows = lookup("StridedSlice")(lookup("VariableShape")(var.handle), [0], [1], [1], shrink_axis_mask=1)
    owner = owners(indices, rows)
    total = lookup("GatherV2")(lookup("UnsortedSegmentSum")(values, owner, n), owner, 0)
    return total, lookup("Equal")(owner, positions)


def create_slot(primary: Any, value: Any, name: str) -> Any:
    """A variable that accompanies another, named after it."""
    with variable_scope(None, f"{_name_of(primary)}/{name}") as scope, enter_name_scope(None):
        # (A name that ends in "/": the very scope, not one like it.)
        slot = make_variable(value, name=scope.name + "/", trainable=False, **of_the_kind_of(primary))
    if state.graph is not None:
        store().variables[scope.name] = slot
        part = getattr(primary, "_save_slice_info", None)
        if part is not None and slot._raw_shape == primary._raw_shape:  # saved as a part of one variable, too
            suffix = scope.name[len(_name_of(primary)) :]
            slot._set_save_slice_info(replace(part, full_name=part.full_name + suffix))
    return slot


def of_the_kind_of(variable: Any) -> dict[str, Any]:
    """What makes a new variable of a graph a resource, or a reference, as another is."""
    if state.graph is None or not isinstance(variable, Variable):
        return {}
    return {"use_resource": variable.handle._dtype.kind == "r"}


def _zeros(var: Any) -> Any:
    if known(var._raw_shape):
        from headrace.api.making import zeros

        return zeros(var._raw_shape, var.dtype)
    value = var.initialized_value() if state.graph is not None else var.value()
    return lookup("ZerosLike")(value)


def _key(var: Any) -> int:
    return id(var.handle)


def _name_of(var: Any) -> str:
    return var._full_name


def _flat(var_list: Any) -> list[Any]:
    from headrace.core import nest

    return nest.flatten(list(var_list) if not isinstance(var_list, dict) else var_list)


def _after(node: Any) -> Any:
    from contextlib import nullcontext

    return nullcontext() if state.graph is None else get_default_graph().control_dependencies([node])
