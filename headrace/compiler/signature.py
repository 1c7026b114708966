"""The arguments of a `tf.function` call: which are tensors, what the others are, and when two calls can share a graph."""

from __future__ import annotations

import copy
import inspect
import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headrace.core import nest, shapes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType
from headrace.core.specs import TensorSpec, TypeSpec
from headrace.core.tensor import Tensor


class Arguments:
    """The parameters of a Python function, and how calls of it are read."""

    def __init__(self, function: Callable[..., Any], input_signature: Any) -> None:
        try:
            self.signature = inspect.signature(function)
        except (TypeError, ValueError):
            self.signature = inspect.Signature(
                [
                    inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
                    inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
                ]
            )
        parameters = list(self.signature.parameters.values())
        self.names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.simple = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) and len(
            self.names
        ) == len(parameters)
        self.function_name = getattr(function, "__name__", "function")
        self.input_signature = None if input_signature is None else tuple(input_signature)
        if input_signature is not None:
            if not isinstance(input_signature, (tuple, list)):
                raise TypeError(
                    f"input_signature must be either a tuple or a list, got {type(input_signature)}."
                )
            for leaf in nest.flatten(self.input_signature):
                if not isinstance(leaf, (TypeSpec, Tensor)) and not hasattr(leaf, "handle"):
                    raise TypeError(
                        f"input_signature must be a possibly nested sequence of TensorSpec objects, got {leaf!r}."
                    )
            required = [
                p
                for p in parameters
                if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
            ]
            if not any(p.kind is p.VAR_POSITIONAL for p in parameters) and not len(required) <= len(
                input_signature
            ) <= len(self.names):
                raise TypeError(
                    f"input_signature has {len(input_signature)} entries, but {self.function_name}{self.signature} takes {len(self.names)} arguments."
                )

    @property
    def arg_names(self) -> list[str]:
        return self.names

    def more_names(self, n: int) -> list[str]:
        """How those of n positional arguments are called that have no parameter of their own, but `*args`."""
        parameters = self.signature.parameters.values()
        more = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
        return [f"{more}[{i}]" for i in range(n - len(self.names))]

    def bind(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], complete_from_signature: bool = False
    ) -> Call:
        """Reads a call; with `complete_from_signature`, arguments left out are taken from the input signature."""
        if complete_from_signature and self.input_signature is not None and not args and not kwargs:
            args = self.input_signature
        if self.simple and not kwargs and len(args) == len(self.names):
            args = tuple(args)
        else:
            try:
                bound = self.signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(
                    f"Binding inputs to tf.function failed due to `{error}`. Received args: {tuple(args)} "
                    f"and kwargs: {dict(kwargs)} for signature: {self.signature}."
                ) from None
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        if self.input_signature is not None:
            args = self._fit(args)
        return Call(self, tuple(args), dict(kwargs))

    def _fit(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """Converts arguments to the input signature's types; the specs themselves then decide the graph."""
        out = list(args)
        for i, (spec, value) in enumerate(zip(self.input_signature or (), args)):
            try:
                out[i] = nest.map_structure_up_to(spec, self._fit_one, spec, value)
            except (TypeError, ValueError) as error:
                name = self.names[i] if i < len(self.names) else f"argument {i}"
                raise TypeError(
                    f"Binding inputs to tf.function failed due to `{error}`. Argument {name!r} of {self.function_name} must fit {spec}, received {value!r}."
                ) from None
        return tuple(out)

    @staticmethod
    def _fit_one(spec: Any, value: Any) -> Any:
        if isinstance(value, (TypeSpec, Fitted)):
            return Fitted(value, spec) if isinstance(value, TensorSpec) else value
        if isinstance(spec, TensorSpec):
            tensor = value if isinstance(value, Tensor) else to_tensor(value, spec.dtype)
            if tensor._dtype is not spec.dtype:
                raise TypeError(f"Can not cast {tensor._dtype.name} to {spec.dtype.name}")
            if not shapes.compatible(spec._raw_shape, tensor._raw_shape):
                raise TypeError(
                    f"Can not cast TensorSpec(shape={tensor.shape}, dtype={tensor.dtype!r}) to {spec}: the shapes are not compatible"
                )
            return Fitted(tensor, spec)
        if isinstance(spec, TypeSpec) and not spec.is_compatible_with(value):
            raise TypeError(f"{value!r} is not compatible with {spec}")
        return Fitted(value, spec) if nest.is_composite(value) and isinstance(spec, TypeSpec) else value


class Fitted:
    """A tensor, or a composite of several, together with the spec that decides its placeholders."""

    def __init__(self, tensor: Any, spec: Any) -> None:
        self.tensor, self.spec = tensor, spec


@dataclass(frozen=True, repr=False)
class VariableSpec:
    """What of a variable among the arguments decides the graph. `alias_id` numbers the different ones of a call."""

    raw: shapes.Raw
    dtype: DType
    trainable: bool
    alias_id: int

    @property
    def shape(self) -> shapes.TensorShape:
        return shapes.TensorShape(self.raw)

    def __repr__(self) -> str:
        return f"VariableSpec(shape={self.shape}, dtype={self.dtype!r}, trainable={self.trainable}, alias_id={self.alias_id})"


def _is_variable(value: Any) -> bool:
    return hasattr(type(value), "_with_handle")


class _Filling:
    """Arguments with other things in the places of tensors."""

    def __init__(self, parts: Sequence[Any], pack: Callable[[Any, list[Any]], Any]) -> None:
        self.parts, self.pack = iter(parts), pack
        # By what tells them apart: the same variable twice takes one place.
        self.variables: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, Fitted) and not isinstance(value.spec, TensorSpec):
            value = value.spec
        if isinstance(value, (Tensor, Fitted, TensorSpec)) or (
            isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O"
        ):
            return next(self.parts)
        if nest.is_nested(value):
            return nest.rebuild(value, [self.of(child) for _, child in nest._children(value)])
        if nest.is_composite(value) or isinstance(value, TypeSpec):
            return self.pack(value, [next(self.parts) for _ in nest.flatten(value, expand_composites=True)])
        if isinstance(value, VariableSpec) or _is_variable(value):
            key = value.alias_id if isinstance(value, VariableSpec) else id(value.handle)
            if key not in self.variables:
                self.variables[key] = self.pack(value, [next(self.parts), len(self.variables)])
            return self.variables[key]
        return value


def _pack(value: Any, parts: list[Any]) -> Any:
    """A composite of its parts, or a variable like `value` behind another handle."""
    return (
        value._with_handle(parts[0])
        if _is_variable(value)
        else nest.pack_sequence_as(value, parts, expand_composites=True)
    )


def _spec(value: Any, parts: list[Any]) -> Any:
    if _is_variable(value):
        return VariableSpec(value.shape._raw, value.dtype, value.trainable, parts[1])
    return value if isinstance(value, (TypeSpec, VariableSpec)) else value._type_spec


class Call:
    """One call's arguments.

    `key` identifies the graph; `tensors` are what is passed to it."""

    def __init__(self, arguments: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.arguments, self.args, self.kwargs = arguments, args, kwargs
        self.tensors: list[Any] = []
        self.specs: list[TensorSpec] = []
        self.composites: list[TypeSpec] = []  # the types of the composite arguments
        self.paths: list[str] = []  # of the tensors
        self.names: list[str | None] = []  # of those given as specs that have one
        self.variables: list[Any] = []  # the different ones; what is passed are their handles
        self.leaves: list[tuple[str, Any]] = []  # (path, key) of everything
        names = arguments.names
        if len(args) > len(names):
            names = [*names, *arguments.more_names(len(args))]
        parts = [self._encode(a, n) for a, n in zip(args, names)]
        parts += [(k, self._encode(kwargs[k], k)) for k in sorted(kwargs)]
        self.key: Any = tuple(parts)

    # -------------------------------------------------------------------------------------------------------- reading
    def _encode(self, value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            return self._tensor(value, value._dtype, value._raw_shape, path)
        if isinstance(value, Fitted):
            if isinstance(value.spec, TensorSpec):
                return self._tensor(value.tensor, value.spec.dtype, value.spec._raw_shape, path)
            return self._composite(value.tensor, value.spec, path)
        if isinstance(value, TensorSpec):
            return self._tensor(value, value.dtype, value._raw_shape, path)
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O":
            tensor = to_tensor(value)
            return self._tensor(tensor, tensor._dtype, tensor._raw_shape, path)
        if nest.is_nested(value):
            children = nest._children(value)
            return (type(value), tuple([(k, self._encode(child, f"{path}[{k!r}]")) for k, child in children]))
        if nest.is_composite(value):
            return self._composite(value, value._type_spec, path)
        if isinstance(value, TypeSpec):
            return self._composite(value, value, path)
        return self._variable(value, path) if _is_variable(value) else self._leaf(path, _python_key(value))

    def _variable(self, value: Any, path: str) -> Any:
        handle = value.handle
        alias = next((i for i, v in enumerate(self.variables) if v.handle is handle), len(self.variables))
        if alias == len(self.variables):
            self.variables.append(value)
            self._add(handle, handle._dtype, handle._raw_shape, path)
        return self._leaf(path, VariableSpec(value.shape._raw, value.dtype, value.trainable, alias))

    def _composite(self, value: Any, spec: Any, path: str) -> Any:
        """The spec may leave more open than the parts' shapes do: the number of ragged values."""
        self.composites.append(spec)
        parts = zip(nest.flatten(spec, expand_composites=True), nest.flatten(value, expand_composites=True))
        return (
            "composite",
            spec,
            tuple([self._tensor(p, s.dtype, s._raw_shape, f"{path}.{i}") for i, (s, p) in enumerate(parts)]),
        )

    def _tensor(self, tensor: Any, dtype: Any, raw: Any, path: str) -> Any:
        self._add(tensor, dtype, raw, path)
        return self._leaf(path, (dtype, raw))

    def _add(self, tensor: Any, dtype: Any, raw: Any, path: str) -> None:
        self.tensors.append(tensor)
        self.specs.append(TensorSpec(raw, dtype))
        self.paths.append(path)
        self.names.append(tensor.name if isinstance(tensor, TensorSpec) else None)

    def _leaf(self, path: str, key: Any) -> Any:
        self.leaves.append((path, key))
        return key

    # -------------------------------------------------------------------------------------------------------- tracing
    def placeholders(self) -> list[tuple[Any, str]]:
        """(spec, name) of the graph's arguments."""
        return [(s, name or _name(path)) for s, name, path in zip(self.specs, self.names, self.paths)]

    def rebuild(
        self, placeholders: Sequence[Any], pack: Callable[[Any, list[Any]], Any] | None = None
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with placeholders in the tensors' places; `pack(value, parts)` puts variables and composites together."""
        filling = _Filling(placeholders, pack or _pack)
        args = [filling.of(a) for a in self.args]
        return args, {k: filling.of(self.kwargs[k]) for k in sorted(self.kwargs)}

    def kind(self) -> Call:
        """The same without any value, for a graph to keep: specs in the places of tensors, variables and composites."""
        kind = copy.copy(self)
        args, kind.kwargs = self.rebuild(self.specs, _spec)
        kind.args, kind.tensors, kind.variables = tuple(args), [], []
        return kind

    # ---------------------------------------------------------------------------------------------------- comparison
    def generalises(self, other: Call) -> bool:
        """Whether the other call's arguments are instances of these: same structure and Python values, tensors at least as specific."""
        if len(self.leaves) != len(other.leaves) or _skeleton(self.key) != _skeleton(other.key):
            return False
        # The parts need not tell: an iterator is a handle.
        for x, y in zip(self.composites, other.composites):
            if x != y and x.most_specific_common_supertype([y]) != x:
                return False
        for (_, a), (_, b) in zip(self.leaves, other.leaves):
            if a == b:
                continue
            if not (_is_tensor_key(a) and _is_tensor_key(b)) or a[0] is not b[0]:
                return False
            general, special = a[1], b[1]
            if general is None:
                continue
            if (
                special is None
                or len(general) != len(special)
                or any(g is not None and g != s for g, s in zip(general, special))
            ):
                return False
        return True

    def relaxed(self, others: Sequence[Call]) -> Call:
        """This call with dims unknown where it differs from an earlier call that is otherwise alike."""
        for other in others:
            if len(other.leaves) != len(self.leaves) or _skeleton(self.key) != _skeleton(other.key):
                continue
            pairs = list(zip(self.leaves, other.leaves))
            if all(
                a == b or (_is_tensor_key(a) and _is_tensor_key(b) and a[0] is b[0])
                for (_, a), (_, b) in pairs
            ):
                general = [
                    a.most_specific_common_supertype([b]) for a, b in zip(self.composites, other.composites)
                ]
                if any(spec is None for spec in general):
                    continue
                it = iter(
                    [
                        TensorSpec(shapes.generalise(a._raw_shape, b._raw_shape), a.dtype)
                        for a, b in zip(self.specs, other.specs)
                    ]
                )
                composites = iter(general)
                args = tuple([self._fitted(a, it, composites) for a in self.args])
                return Call(
                    self.arguments,
                    args,
                    {k: self._fitted(self.kwargs[k], it, composites) for k in sorted(self.kwargs)},
                )
        return self

    def _fitted(self, value: Any, it: Any, composites: Any) -> Any:
        """The value with its part of the general specs: `it` of tensors, `composites` of composites (whose parts are in `it`, too)."""
        whole = (
            value.tensor if isinstance(value, Fitted) and not isinstance(value.spec, TensorSpec) else value
        )
        if nest.is_composite(whole) or (isinstance(whole, TypeSpec) and not isinstance(whole, TensorSpec)):
            spec = next(composites)
            for _ in nest.flatten(spec, expand_composites=True):
                next(it)
            return Fitted(whole, spec)
        if isinstance(value, Fitted):
            return Fitted(value.tensor, next(it))
        if isinstance(value, (Tensor, TensorSpec)) or (
            isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O"
        ):
            return Fitted(value if isinstance(value, (Tensor, TensorSpec)) else to_tensor(value), next(it))
        if nest.is_nested(value):
            return nest.rebuild(
                value, [self._fitted(child, it, composites) for _, child in nest._children(value)]
            )
        if any(v is value for v in self.variables):
            next(it)
        return value

    # ----------------------------------------------------------------------------------------------- concrete functions
    def flatten_inputs(self, args: Sequence[Any], kwargs: Mapping[str, Any], name: str) -> list[Any]:
        """The tensors of a call of the concrete function, checked against its signature."""
        try:
            call = self.arguments.bind(args, kwargs)
            fits = call.paths == self.paths and call._literals() == self._literals()
        except TypeError:
            fits = False
        values = call.tensors if fits else self._in_order(args, kwargs, name)
        variables = {path: key for path, key in self.leaves if isinstance(key, VariableSpec)}
        out = []
        for value, spec, path in zip(values, self.specs, self.paths):
            if _is_variable(value) and spec.dtype.kind == "r":
                kind = variables[path]
                if (value.dtype, value.shape._raw) != (kind.dtype, kind.raw):
                    raise TypeError(
                        f"Argument {path!r} of {name} must be a variable like {kind}, received {value!r}."
                    )
                value = value.handle
            tensor = value if isinstance(value, Tensor) else to_tensor(value, spec.dtype)
            if tensor._dtype is not spec.dtype or not shapes.compatible(spec._raw_shape, tensor._raw_shape):
                raise TypeError(
                    "Binding inputs to tf.function failed due to `Can not cast "
                    f"TensorSpec(shape={tensor.shape}, dtype={tensor.dtype!r}) to {spec}`. Argument "
                    f"{path!r} of {name}."
                )
            out.append(tensor)
        return out

    def _literals(self) -> dict[str, Any]:
        """The Python values among the arguments, as keys, by path."""
        return {path: key for path, key in self.leaves if not _is_tensor_key(key)}

    def _in_order(self, args: Sequence[Any], kwargs: Mapping[str, Any], name: str) -> list[Any]:
        """The tensors of a call that gives just these, in order or by name, and leaves Python arguments out."""
        literals = self._literals()
        given = {k: v for k, v in kwargs.items() if k not in literals or _python_key(v) != literals[k]}
        values = list(args)
        for path, (_, own_name) in list(zip(self.paths, self.placeholders()))[len(args) :]:
            if path in given or own_name in given:
                values.append(given.pop(path if path in given else own_name))
        if given or len(values) != len(self.specs):
            python = "".join([f"; {path!r} is {_leaf_text(key)} for good" for path, key in literals.items()])
            raise TypeError(
                f"Binding inputs to tf.function failed: {name} takes {len(self.specs)} tensors ({', '.join(self.paths)}){python}. "
                f"Received {len(args)} positional arguments{f' and {sorted(kwargs)}' if kwargs else ''}."
            )
        return values

    def structured_signature(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments as specs, named like the graph's placeholders."""
        args, kwargs = self.rebuild(
            [TensorSpec(s.shape, s.dtype, name) for s, name in self.placeholders()], _spec
        )
        return tuple(args), kwargs

    def pretty(self, outputs: Any, captures: Sequence[Any], verbose: bool) -> str:
        args, kwargs = self.rebuild(self.specs, _spec)
        names = [*self.arguments.names, *[_name(n) for n in self.arguments.more_names(len(args))]]
        given = [(n, _show(a)) for n, a in zip(names, args)]
        named = [(n, _show(a)) for n, a in kwargs.items()]
        fixed = len(args) > len(self.arguments.names)  # with more arguments after them, names cannot be used
        if not verbose:
            shown = (
                [f"{n}: {a}" for n, a in given]
                + ["/"] * fixed
                + ["*"] * bool(named)
                + [f"{n}: {a}" for n, a in named]
            )
            return f"({', '.join(shown)}) -> {_show(outputs)}"
        lines = ["Input Parameters:"]
        kinds = {p.name: p.kind.name for p in self.arguments.signature.parameters.values()}
        lines += [f"  {n} ({'POSITIONAL_ONLY' if fixed else kinds[n]}): {a}" for n, a in given]
        lines += [f"  {n} (KEYWORD_ONLY): {a}" for n, a in named]
        lines += ["Output Type:", f"  {_show(outputs)}", "Captures:"]
        lines += [f"  {id(t)}: {_show(TensorSpec(t._raw_shape, t._dtype))}" for t in captures] or ["  None"]
        return "\n".join(lines)


def _name(path: str) -> str:
    """A placeholder's name."""
    return re.sub(r"\W+", "_", path).strip("_") or "x"


def _show(value: Any) -> str:
    if isinstance(value, TensorSpec):
        return f"TensorSpec(shape={value.shape}, dtype={value.dtype!r}, name=None)"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_show(v) for v in value)
        return f"List[{inner}]" if isinstance(value, list) else f"Tuple[{inner}]"
    if isinstance(value, dict):
        return "Dict[" + ", ".join(f"[{k!r}, {_show(v)}]" for k, v in value.items()) + "]"
    return f"Literal[{value!r}]" if value is None or isinstance(value, (int, float, str)) else repr(value)


def _python_key(value: Any) -> Any:
    if hasattr(value, "handle") or isinstance(value, type) or callable(value):
        return _Identity(value)
    try:
        hash(value)
    except TypeError:
        return _Identity(value)
    return (type(value), value) if not isinstance(value, float) or value == value else (float, "nan")


class _Identity:
    """An object told apart by identity; it is not kept alive."""

    __slots__ = ("hash", "ref", "strong")

    def __init__(self, value: Any) -> None:
        self.hash = id(value)
        self.strong = None
        try:
            self.ref: Any = weakref.ref(value)
        except TypeError:
            self.ref, self.strong = None, value

    def get(self) -> Any:
        return self.strong if self.ref is None else self.ref()

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Identity)
            and self.hash == other.hash
            and self.get() is not None
            and self.get() is other.get()
        )

    def __repr__(self) -> str:
        return f"{type(self.get()).__name__} object at {hex(self.hash)}"


def _is_tensor_key(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and hasattr(key[0], "as_numpy_dtype")


def _skeleton(key: Any) -> Any:
    """A key without what may differ between tensors."""
    if _is_tensor_key(key):
        return "tensor"
    if isinstance(key, tuple) and len(key) == 3 and isinstance(key[1], TypeSpec):
        return key[0], key[1]._with_tensor_ranks_only()
    if isinstance(key, tuple):
        return tuple([_skeleton(k) for k in key])
    return key


def describe_change(name: str, call: Call, before: Sequence[Call]) -> str:
    """Which argument made a new trace necessary, and how it differs from the most similar earlier call."""

    def differences(other: Call) -> list[str]:
        old, new = dict(other.leaves), dict(call.leaves)
        out = []
        for path in [*new, *[p for p in old if p not in new]]:
            a, b = old.get(path, "nothing"), new.get(path, "nothing")
            if a != b:
                out.append(f"argument {path!r} changed from {_leaf_text(a)} to {_leaf_text(b)}")
        return out

    best = min((differences(c) for c in before), key=len, default=[])
    advice = ""
    if any("Python value" in d for d in best):
        advice = " Pass Python numbers that change as tensors."
    elif any("tensor of shape" in d for d in best):
        advice = " Use reduce_retracing=True, or an input_signature with None for dimensions that change."
    return f"{name} is traced again: {'; '.join(best) or 'its structure of arguments changed'}.{advice}"


def _leaf_text(key: Any) -> str:
    if _is_tensor_key(key):
        return f"a {key[0].name} tensor of shape {shapes.text(key[1])}"
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], type):
        return f"the Python value {key[1]!r}"
    return str(key)
