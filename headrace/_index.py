"""Which namespace defines which `tf.<name>`, so that nothing is imported before it is used.

Written by `python -m headrace._index` from the `ROOT` lists of the namespaces; a test checks that it is up to date."""

from __future__ import annotations

NAMESPACES = (
    "__internal__", "audio", "autodiff", "autograph", "bitwise", "compat", "config", "debugging", "distribute",
    "dtypes", "errors", "experimental", "image", "io", "linalg", "lookup", "math", "nest", "nn", "quantization", "ragged",
    "random", "raw_ops", "sets", "signal", "sparse", "strings", "summary", "train", "types", "version",
)  # fmt: skip
# Files whose names are all `tf.<name>`: TensorFlow has no namespace for them.
PARTS = ("array", "composite", "control", "function", "higher_order", "initializers", "script", "variables")

_ROOT: dict[str, str] = {
 'array': 'argsort batch_to_space boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to '
          'concat constant convert_to_tensor dynamic_partition dynamic_stitch edit_distance ensure_shape '
          'expand_dims fill fingerprint gather gather_nd get_static_value guarantee_const identity '
          'identity_n is_tensor meshgrid newaxis one_hot ones ones_like pad parallel_stack rank repeat '
          'required_space_to_batch_paddings reshape reverse reverse_sequence roll scatter_nd searchsorted '
          'sequence_mask shape shape_n size slice sort space_to_batch space_to_batch_nd split squeeze stack '
          'stop_gradient strided_slice tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min '
          'tensor_scatter_nd_sub tensor_scatter_nd_update tile transpose unique unique_with_counts '
          'unravel_index unstack where zeros zeros_like',
 'autodiff': 'AggregationMethod GradientTape RegisterGradient UnconnectedGradients custom_gradient '
             'grad_pass_through gradients hessians no_gradient recompute_grad vectorized_map',
 'composite': 'RaggedTensor RaggedTensorSpec SparseTensor SparseTensorSpec',
 'control': 'CriticalSection Graph Operation TensorArray TensorArraySpec case cond control_dependencies '
            'device get_current_name_scope name_scope switch_case while_loop',
 'debugging': 'Assert assert_equal assert_greater assert_less assert_rank',
 'dtypes': 'DType as_dtype bfloat16 bool cast complex complex128 complex64 double float16 float32 float64 '
           'half int16 int32 int64 int8 qint16 qint32 qint8 quint16 quint8 resource saturate_cast string '
           'uint16 uint32 uint64 uint8 variant',
 'function': 'executing_eagerly function init_scope inside_function is_symbolic_tensor '
             'register_tensor_conversion_function',
 'higher_order': 'foldl foldr map_fn scan',
 'initializers': 'constant_initializer ones_initializer random_normal_initializer random_uniform_initializer '
                 'zeros_initializer',
 'linalg': 'eig eigvals eye matrix_square_root norm',
 'math': 'abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh bitcast clip_by_global_norm '
         'clip_by_norm clip_by_value cos cosh cumsum divide einsum equal exp floor greater greater_equal '
         'histogram_fixed_width histogram_fixed_width_bins less less_equal linspace logical_and logical_not '
         'logical_or matmul maximum minimum multiply negative not_equal pow range realdiv reduce_all '
         'reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum round '
         'scalar_mul sigmoid sign sin sinh sqrt square subtract tan tanh tensordot truediv truncatediv '
         'truncatemod',
 'random': 'random_index_shuffle',
 'script': 'group no_op numpy_function print py_function timestamp tuple',
 'signal': 'fftnd ifftnd irfftnd rfftnd',
 'strings': 'as_string',
 'types': 'IndexedSlices IndexedSlicesSpec Module NoneTensorSpec Tensor TensorShape TensorSpec TypeSpec '
          'type_spec_from_value',
 'variables': 'Variable VariableAggregation VariableSynchronization variable_creator_scope'}  # fmt: skip

ROOT = {name: namespace for namespace, names in _ROOT.items() for name in names.split()}


# `tf.compat.v1`: the file of each name that is its own, and the namespaces that `tf` does not have.
V1_PARTS = ("arrays", "graph", "initializers", "optimizers", "variables")
V1_NAMESPACES = ("train", "initializers", "losses", "metrics", "layers", "manip", "spectral")

_V1: dict[str, str] = {
 'arrays': 'constant disable_eager_execution enable_eager_execution placeholder placeholder_with_default '
           'sparse_placeholder',
 'graph': 'GraphKeys InteractiveSession Session SparseTensorValue add_check_numerics_ops add_to_collection '
          'add_to_collections colocate_with container control_flow_v2_enabled device disable_control_flow_v2 '
          'disable_resource_variables disable_tensor_equality disable_v2_behavior disable_v2_tensorshape '
          'enable_control_flow_v2 enable_resource_variables enable_tensor_equality enable_v2_behavior '
          'enable_v2_tensorshape executing_eagerly executing_eagerly_outside_functions get_collection '
          'get_collection_ref get_default_graph get_default_session get_seed name_scope op_scope '
          'ragged.RaggedTensorValue random.get_seed random.set_random_seed reset_default_graph '
          'resource_variables_enabled set_random_seed',
 'initializers': 'constant_initializer glorot_normal_initializer glorot_uniform_initializer '
                 'initializers.constant initializers.glorot_normal initializers.glorot_uniform '
                 'initializers.he_normal initializers.he_uniform initializers.identity '
                 'initializers.lecun_normal initializers.lecun_uniform initializers.ones '
                 'initializers.orthogonal initializers.random_normal initializers.random_uniform '
                 'initializers.truncated_normal initializers.uniform_unit_scaling '
                 'initializers.variance_scaling initializers.zeros ones_initializer orthogonal_initializer '
                 'random_normal_initializer random_uniform_initializer truncated_normal_initializer '
                 'uniform_unit_scaling_initializer variance_scaling_initializer zeros_initializer',
 'optimizers': 'train.AdadeltaOptimizer train.AdagradDAOptimizer train.AdagradOptimizer train.AdamOptimizer '
               'train.FtrlOptimizer train.GradientDescentOptimizer train.MomentumOptimizer train.Optimizer '
               'train.ProximalAdagradOptimizer train.ProximalGradientDescentOptimizer train.RMSPropOptimizer',
 'variables': 'AUTO_REUSE Variable VariableAggregation VariableScope all_variables '
              'assert_variables_initialized assign assign_add assign_sub batch_scatter_update count_up_to '
              'create_partitioned_variables fixed_size_partitioner get_local_variable get_variable '
              'get_variable_scope global_variables global_variables_initializer initialize_all_tables '
              'initialize_all_variables initialize_local_variables initialize_variables '
              'is_variable_initialized local_variables local_variables_initializer '
              'min_max_variable_partitioner model_variables moving_average_variables '
              'report_uninitialized_variables scatter_add scatter_div scatter_max scatter_min scatter_mul '
              'scatter_nd_add scatter_nd_sub scatter_nd_update scatter_sub scatter_update tables_initializer '
              'trainable_variables variable_axis_size_partitioner variable_creator_scope variable_op_scope '
              'variable_scope variables_initializer'}  # fmt: skip

V1 = {name: part for part, names in _V1.items() for name in names.split()}


def current_v1() -> dict[str, str]:
    """What `_V1` should be: a file's names are in its `ROOT`, and by namespace in its `NAMES`."""
    import importlib

    out = {}
    for part in V1_PARTS:
        module = importlib.import_module(f"headrace.api.compat_v1_{part}")
        names = [
            *getattr(module, "ROOT", ()),
            *[f"{space}.{n}" for space, own in getattr(module, "NAMES", {}).items() for n in own],
        ]
        out[part] = " ".join(sorted(names))
    return out


def current() -> dict[str, str]:
    """What `_ROOT` should be: imports every namespace and reads its `ROOT`.

    A name is the first namespace's that lists it."""
    import importlib

    seen: set[str] = set()
    out = {}
    for namespace in (*PARTS, *NAMESPACES):
        names = [
            n
            for n in getattr(importlib.import_module(f"headrace.api.{namespace}"), "ROOT", ())
            if n not in seen and n not in NAMESPACES
        ]
        seen.update(names)
        if names:
            out[namespace] = " ".join(sorted(names))
    return out


def write() -> None:
    """Brings this file up to date."""
    import pprint
    import re
    from pathlib import Path

    path = Path(__file__)
    table = pprint.pformat(current(), width=110).removeprefix("{")
    text = f"_ROOT: dict[str, str] = {{\n {table}  # fmt: skip\n\nROOT = {{name"
    pattern = re.compile(r"_ROOT: dict\[str, str\] = .*?\n\nROOT = \{name", re.DOTALL)
    new = pattern.sub(lambda _: text, path.read_text(), count=1)
    v1 = pprint.pformat(current_v1(), width=110).removeprefix("{")
    pattern = re.compile(r"_V1: dict\[str, str\] = .*?\n\nV1 = \{name", re.DOTALL)
    path.write_text(
        pattern.sub(lambda _: f"_V1: dict[str, str] = {{\n {v1}  # fmt: skip\n\nV1 = {{name", new, count=1)
    )


if __name__ == "__main__":
    write()
