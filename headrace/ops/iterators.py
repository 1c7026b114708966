"""Ops of input pipelines: datasets, iterators and optional values.

A dataset is a variant that holds a plan (`headrace/data/`): the op that makes one takes the plans of its input datasets and
gives a new one, and runs nothing. An iterator is a resource that holds a running plan."""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core import dispatch, dtypes, errors
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw, as_raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import EagerTensor, wrap, wrap_object

_ANY = {"output_types": REQUIRED, "output_shapes": REQUIRED}
_NAMED = {**_ANY, "metadata": ""}


def _plain(value: Any) -> Any:
    """An argument as plans take it: another plan, a Python value, an array of filenames or sizes."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    array = value._host()
    return array.item() if array.ndim == 0 else array


@functools.cache
def plan_class(name: str) -> Any:
    """A class of `headrace.data.plans`, which needs the ops to be there first."""
    return getattr(importlib.import_module("headrace.data.plans"), name)


def dataset_op(
    name: str,
    inputs: str,
    plan: str | Callable[..., Any],
    attrs: Mapping[str, Any] | None = None,
    *,
    tensors: Sequence[str] = (),
    typed: bool = True,
    named: bool = True,
    stateful: bool = False,
) -> OpDef:
    """A row of a dataset op: `plan` is the class in `headrace.data.plans` (or a function) that is called with the inputs' values
    and the attributes; inputs named in `tensors` arrive as eager tensors."""
    names = [part.partition(":")[0].strip() for part in inputs.split(",") if part]
    kept = [n in tensors for n in names]

    def run(*args: Any, **attrs: Any) -> EagerTensor:
        for hidden in ("output_types", "output_shapes", "metadata", "Toutput_types"):
            attrs.pop(hidden, None)
        try:
            make = plan if callable(plan) else plan_class(plan)
            made = make(*[a if keep else _plain(a) for a, keep in zip(args, kept)], **attrs)
        except errors.OpError as error:
            if "[Op:" not in error.message:
                error._message = f"{error.message} [Op:{name}]"
            raise
        return wrap_object(made, dtypes.variant)

    return OpDef(
        name,
        f"{inputs} -> handle: variant",
        attrs={**(attrs or {}), **(_ANY if typed else {}), **({"metadata": ""} if named else {})},
        shape=lambda c: (),
        run=run,
        host=True,
        stateful=stateful,
        grad=not_differentiable,
    )


_COMPONENTS = {"output_shapes": REQUIRED, "metadata": ""}
_CALL = {"f": REQUIRED}
_ARGUMENTS = ("other_arguments",)

# --------------------------------------------------------------------------------------------------------------- sources
TENSORS = dataset_op(
    "TensorDataset",
    "components: [Toutput_types]",
    "Tensors",
    _COMPONENTS,
    tensors=["components"],
    typed=False,
)
TENSOR_SLICES = dataset_op(
    "TensorSliceDataset",
    "components: [Toutput_types]",
    "TensorSlices",
    {**_COMPONENTS, "is_files": False, "replicate_on_split": False},
    tensors=["components"],
    typed=False,
)
RANGE = dataset_op(
    "RangeDataset",
    "start: int64, stop: int64, step: int64",
    "Range",
    {"replicate_on_split": False},
)
RANDOM = dataset_op(
    "RandomDatasetV2",
    "seed: int64, seed2: int64, seed_generator: resource",
    "Random",
    {"rerandomize_each_iteration": False},
)
GENERATOR = dataset_op(
    "GeneratorDataset",
    "init_func_other_args: [Tinit_func_args], next_func_other_args: [Tnext_func_args], "
    "finalize_func_other_args: [Tfinalize_func_args]",
    "Generator",
    {"init_func": REQUIRED, "next_func": REQUIRED, "finalize_func": REQUIRED},
    stateful=True,
)
TEXT_LINES = dataset_op(
    "TextLineDataset",
    "filenames: string, compression_type: string, buffer_size: int64",
    "TextLines",
    typed=False,
)
RECORDS = dataset_op(
    "TFRecordDataset",
    "filenames: string, compression_type: string, buffer_size: int64",
    "Records",
    typed=False,
)
FIXED_LENGTH_RECORDS = dataset_op(
    "FixedLengthRecordDatasetV2",
    "filenames: string, header_bytes: int64, record_bytes: int64, footer_bytes: int64, buffer_size: int64, "
    "compression_type: string",
    "FixedLengthRecords",
    typed=False,
)

# ------------------------------------------------------------------------------------------------------ one input, no function
BATCH = dataset_op(
    "BatchDatasetV2",
    "input_dataset: variant, batch_size: int64, drop_remainder: bool",
    "Batch",
    {"parallel_copy": False},
)
PADDED_BATCH = dataset_op(
    "PaddedBatchDatasetV2",
    "input_dataset: variant, batch_size: int64, padded_shapes: N*int64, padding_values: [Toutput_types], drop_remainder: bool",
    "PaddedBatch",
    {"parallel_copy": False, **_COMPONENTS},
    tensors=["padding_values"],
    typed=False,
)
UNBATCH = dataset_op("UnbatchDataset", "input_dataset: variant", "Unbatch")
REBATCH = OpDef(
    "RebatchDatasetV2",
    "input_dataset: variant, batch_sizes: int64, drop_remainder: bool -> handle: variant",
    attrs=_ANY,
    shape=lambda c: (),
    host=True,
    grad=not_differentiable,
    run=lambda dataset, sizes, drop, **_: wrap_object(
        plans().Rebatch(_plain(dataset), np.atleast_1d(sizes._host()).tolist(), bool(drop._host())),
        dtypes.variant,
    ),
)
SHUFFLE = dataset_op(
    "ShuffleDatasetV3",
    "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, seed_generator: resource",
    "Shuffle",
    {"reshuffle_each_iteration": True},
)
REPEAT = dataset_op("RepeatDataset", "input_dataset: variant, count: int64", "Repeat")
TAKE = dataset_op("TakeDataset", "input_dataset: variant, count: int64", "Take")
SKIP = dataset_op("SkipDataset", "input_dataset: variant, count: int64", "Skip")
SHARD = dataset_op(
    "ShardDataset",
    "input_dataset: variant, num_shards: int64, index: int64",
    "Shard",
    {"require_non_empty": False},
)
CACHE = dataset_op("CacheDatasetV2", "input_dataset: variant, filename: string, cache: resource", "Cache")
PREFETCH = dataset_op(
    "PrefetchDataset",
    "input_dataset: variant, buffer_size: int64",
    "Prefetch",
    {"slack_period": 0, "legacy_autotune": True, "buffer_size_min": 0},
)
WINDOW = dataset_op(
    "WindowDataset",
    "input_dataset: variant, size: int64, shift: int64, stride: int64, drop_remainder: bool",
    "Window",
)
UNIQUE = dataset_op("UniqueDataset", "input_dataset: variant", "Unique")
OPTIONS = dataset_op(
    "OptionsDataset", "input_dataset: variant", "WithOptions", {"serialized_options": REQUIRED}
)
ASSERT_CARDINALITY = dataset_op(
    "AssertCardinalityDataset",
    "input_dataset: variant, cardinality: int64",
    "AssertCardinality",
    named=False,
)
IGNORE_ERRORS = dataset_op(
    "IgnoreErrorsDataset", "input_dataset: variant", "IgnoreErrors", {"log_warning": False}, named=False
)

# -------------------------------------------------------------------------------------------------------- several inputs
ZIP = dataset_op("ZipDataset", "input_datasets: N*variant", "Zip")
CONCATENATE = dataset_op(
    "ConcatenateDataset", "input_dataset: variant, another_dataset: variant", "Concatenate"
)
DIRECTED_INTERLEAVE = dataset_op(
    "DirectedInterleaveDataset",
    "selector_input_dataset: variant, data_input_datasets: N*variant",
    "DirectedInterleave",
    {"stop_on_empty_dataset": False},
    named=False,
)

# ---------------------------------------------------------------------------------------------------------- with functions
MAP = dataset_op(
    "MapDataset",
    "input_dataset: variant, other_arguments: [Targuments]",
    "Map",
    {
        **_CALL,
        "use_inter_op_parallelism": True,
        "preserve_cardinality": False,
        "force_synchronous": False,
    },
    tensors=_ARGUMENTS,
)
PARALLEL_MAP = dataset_op(
    "ParallelMapDatasetV2",
    "input_dataset: variant, other_arguments: [Targuments], num_parallel_calls: int64",
    "ParallelMap",
    {
        **_CALL,
        "use_inter_op_parallelism": True,
        "deterministic": "default",
        "preserve_cardinality": False,
        "use_unbounded_threadpool": False,
    },
    tensors=_ARGUMENTS,
)
FILTER = dataset_op(
    "FilterDataset",
    "input_dataset: variant, other_arguments: [Targuments]",
    "Filter",
    {"predicate": REQUIRED},
    tensors=_ARGUMENTS,
)
TAKE_WHILE = dataset_op(
    "TakeWhileDataset",
    "input_dataset: variant, other_arguments: [Targuments]",
    "TakeWhile",
    {"predicate": REQUIRED},
    tensors=_ARGUMENTS,
)
FLAT_MAP = dataset_op(
    "FlatMapDataset",
    "input_dataset: variant, other_arguments: [Targuments]",
    "FlatMap",
    _CALL,
    tensors=_ARGUMENTS,
)
INTERLEAVE = dataset_op(
    "InterleaveDataset",
    "input_dataset: variant, other_arguments: [Targuments], cycle_length: int64, block_length: int64",
    "Interleave",
    _CALL,
    tensors=_ARGUMENTS,
)
PARALLEL_INTERLEAVE = dataset_op(
    "ParallelInterleaveDatasetV4",
    "input_dataset: variant, other_arguments: [Targuments], cycle_length: int64, block_length: int64, "
    "buffer_output_elements: int64, prefetch_input_elements: int64, num_parallel_calls: int64",
    "ParallelInterleave",
    {**_CALL, "deterministic": "default"},
    tensors=_ARGUMENTS,
)
SCAN = dataset_op(
    "ScanDataset",
    "input_dataset: variant, initial_state: [Tstate], other_arguments: [Targuments]",
    "Scan",
    {**_CALL, "preserve_cardinality": False, "use_default_device": True},
    tensors=["initial_state", "other_arguments"],
)
GROUP_BY_WINDOW = dataset_op(
    "GroupByWindowDataset",
    "input_dataset: variant, key_func_other_arguments: [Tkey_func_other_arguments], "
    "reduce_func_other_arguments: [Treduce_func_other_arguments], "
    "window_size_func_other_arguments: [Twindow_size_func_other_arguments]",
    "GroupByWindow",
    {"key_func": REQUIRED, "reduce_func": REQUIRED, "window_size_func": REQUIRED},
    tensors=[
        "key_func_other_arguments",
        "reduce_func_other_arguments",
        "window_size_func_other_arguments",
    ],
)


# ------------------------------------------------------------------------------------------------------- reading datasets
def plans() -> Any:
    return importlib.import_module("headrace.data.plans")


def _shapes(c: ShapeContext) -> list[Raw]:
    return [as_raw(s) for s in c.attrs["output_shapes"]]


def _reader(name: str, signature: str, run: Callable[..., Any], attrs: Any, stateful: bool = True) -> OpDef:
    def shape(c: ShapeContext) -> Any:
        return _shapes(c) if "output_types]" in signature else ()

    return OpDef(
        name,
        signature,
        attrs=attrs,
        shape=shape,
        run=run,
        host=True,
        stateful=stateful,
        grad=not_differentiable,
    )


REDUCE = _reader(
    "ReduceDataset",
    "input_dataset: variant, initial_state: [Tstate], other_arguments: [Targuments] -> components: [output_types]",
    lambda dataset, initial_state, other_arguments, f, **_: plans().reduce(
        _plain(dataset), initial_state, other_arguments, f
    ),
    {"f": REQUIRED, **_NAMED, "use_inter_op_parallelism": True},
)
SINGLE_ELEMENT = _reader(
    "DatasetToSingleElement",
    "dataset: variant -> components: [output_types]",
    lambda dataset, **_: plans().encoded(plans().single(_plain(dataset))),
    _NAMED,
)
CARDINALITY = _reader(
    "DatasetCardinality",
    "input_dataset: variant -> cardinality: int64",
    lambda dataset, cardinality_options: wrap(np.asarray(_plain(dataset).size()), dtypes.int64),
    {"cardinality_options": ""},
    stateful=False,
)
ITERATOR = _reader(
    "AnonymousIteratorV3",
    "-> handle: resource",
    lambda output_types, output_shapes: wrap_object(plans().Running(), dtypes.resource),
    _ANY,
)
# What sessions run more than once: these have a name, under which their state is found again.
ITERATOR_V2 = _reader(
    "IteratorV2",
    "-> handle: resource",
    lambda shared_name, container, output_types, output_shapes: wrap_object(
        plans().shared_iterator(f"{container}/{shared_name}"), dtypes.resource
    ),
    {"shared_name": REQUIRED, "container": REQUIRED, **_ANY},
)


def _one_shot(
    dataset_factory: Any, container: str, shared_name: str, output_types: Any, output_shapes: Any
) -> Any:
    def factory() -> Any:
        """The plan, of a function of an imported graph."""
        return dispatch.run_graph(dataset_factory, [])[0]._host().item()

    name = f"{container}/{shared_name}/{next(_one_shots)}"  # each session has its own
    made = plans().shared_iterator(name, dataset_factory if callable(dataset_factory) else factory)
    return wrap_object(made, dtypes.resource)


_one_shots = itertools.count()
ONE_SHOT = _reader(
    "OneShotIterator",
    "-> handle: resource",
    _one_shot,
    {"dataset_factory": REQUIRED, "container": "", "shared_name": "", **_ANY},
)
TO_STRING_HANDLE = _reader(
    "IteratorToStringHandle",
    "resource_handle: resource -> string_handle: string",
    lambda handle: wrap(np.asarray(plans().iterator_name(_plain(handle)), object), dtypes.string),
    {},
)
FROM_STRING_HANDLE = _reader(
    "IteratorFromStringHandleV2",
    "string_handle: string -> resource_handle: resource",
    lambda handle, output_types, output_shapes: wrap_object(
        plans().iterator_named(_plain(handle)), dtypes.resource
    ),
    {"output_types": (), "output_shapes": ()},
)
MAKE_ITERATOR = OpDef(
    "MakeIterator",
    "dataset: variant, iterator: resource ->",
    shape=lambda c: [],
    run=lambda dataset, iterator: _plain(iterator).begin(_plain(dataset)),
    host=True,
    stateful=True,
    grad=not_differentiable,
)
GET_NEXT = _reader(
    "IteratorGetNext",
    "iterator: resource -> components: [output_types]",
    lambda iterator, output_types, output_shapes: iterator._np.item().components(),
    _ANY,
)
GET_NEXT_AS_OPTIONAL = _reader(
    "IteratorGetNextAsOptional",
    "iterator: resource -> optional: variant",
    lambda iterator, output_types, output_shapes: wrap_object(
        iterator._np.item().components_or_none(), dtypes.variant
    ),
    _ANY,
)
OPTIONAL_FROM_VALUE = OpDef(
    "OptionalFromValue",
    "components: [Toutput_types] -> optional: variant",
    shape=lambda c: (),
    run=lambda components: wrap_object(tuple(components), dtypes.variant),
    host=True,
    grad=not_differentiable,
)
OPTIONAL_NONE = OpDef(
    "OptionalNone",
    "-> optional: variant",
    shape=lambda c: (),
    run=lambda: wrap_object(None, dtypes.variant),
    host=True,
    grad=not_differentiable,
)
YES: EagerTensor = wrap(np.asarray(True), dtypes.bool_)
NO: EagerTensor = wrap(np.asarray(False), dtypes.bool_)
OPTIONAL_HAS_VALUE = OpDef(
    "OptionalHasValue",
    "optional: variant -> has_value: bool",
    shape=lambda c: (),
    run=lambda optional: YES if optional._np.item() is not None else NO,
    host=True,
    grad=not_differentiable,
)


def value_of(optional: EagerTensor, **_: Any) -> list[EagerTensor]:
    """The components of an optional that has a value."""
    value = optional._np.item()  # type: ignore[union-attr]
    if value is None:
        raise invalid("The given optional does not have a value. [Op:OptionalGetValue]")
    return list(value)


OPTIONAL_GET_VALUE = _reader(
    "OptionalGetValue",
    "optional: variant -> components: [output_types]",
    value_of,
    _ANY,
    stateful=False,
)


# --------------------------------------------------------------------- composites as one tensor, states that are not needed
def _to_components(encoded: EagerTensor, metadata: Any, Tcomponents: Any) -> list[EagerTensor]:
    from headrace.core import nest

    return list(nest.flatten(encoded._host().item(), expand_composites=True))


ENCODE = OpDef(
    "CompositeTensorVariantFromComponents",
    "components: [Tcomponents] -> encoded: variant",
    attrs={"metadata": REQUIRED},
    shape=lambda c: (),
    run=lambda components, metadata: wrap_object(
        metadata._from_compatible_tensor_list(components), dtypes.variant
    ),
    host=True,
    grad=not_differentiable,
    doc="A ragged or sparse tensor, a dataset … as one variant; `metadata` is its TypeSpec.",
)
DECODE = OpDef(
    "CompositeTensorVariantToComponents",
    "encoded: variant -> components: [Tcomponents]",
    attrs={"metadata": REQUIRED, "Tcomponents": REQUIRED},
    shape=lambda c: [s._raw_shape for s in c.attrs["metadata"]._flat_tensor_specs],
    run=_to_components,
    host=True,
    grad=not_differentiable,
)
NO_SEED_GENERATOR, NO_CACHE = (
    OpDef(
        name,
        "-> handle: resource",
        shape=lambda c: (),
        run=lambda: wrap_object(None, dtypes.resource),
        host=True,
        grad=not_differentiable,
        doc="Plans keep their own state; this fills the place of TensorFlow's resource.",
    )
    for name in ("DummySeedGenerator", "DummyMemoryCache")
)
