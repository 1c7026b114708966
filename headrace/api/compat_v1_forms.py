"""Functions that are those of `tf` with 1.x's arguments: a row each."""

from __future__ import annotations

from typing import Any

from headrace.session.forms import form

_REDUCE = "input_tensor axis keepdims name reduction_indices:axis keep_dims:keepdims"
_SPARSE_REDUCE = "sp_input axis keepdims reduction_axes:axis keep_dims:keepdims"
# Namespaces -> names -> where the function is, and 1.x's parameters (see `form`).
_ROWS: dict[str, dict[str, tuple[str, str]]] = {
    "": {
        "arg_max": ("math.argmax", "input dimension>axis output_type name"),
        "arg_min": ("math.argmin", "input dimension>axis output_type name"),
        "argmax": ("math.argmax", "input axis name dimension:axis output_type"),
        "argmin": ("math.argmin", "input axis name dimension:axis output_type"),
        "bincount": ("math.bincount", "arr weights minlength maxlength dtype"),
        "boolean_mask": ("boolean_mask", "tensor mask name axis"),
        "confusion_matrix": ("math.confusion_matrix", "labels predictions num_classes dtype name weights"),
        "convert_to_tensor": ("convert_to_tensor", "value dtype name preferred_dtype:dtype_hint dtype_hint"),
        "count_nonzero": (
            "math.count_nonzero",
            "input_tensor>input axis keepdims dtype name reduction_indices:axis keep_dims:keepdims input:input_tensor",
        ),
        "decode_csv": (
            "io.decode_csv", "records record_defaults field_delim use_quote_delim name na_value select_cols",
        ),
        "decode_raw": ("io.decode_raw", "input_bytes out_type little_endian name bytes:input_bytes"),
        "depth_to_space": ("nn.depth_to_space", "input block_size name data_format"),
        "expand_dims": ("expand_dims", "input axis name dim:axis"),
        "extract_image_patches": (
            "image.extract_patches", "images ksizes>sizes strides rates padding name sizes:ksizes",
        ),
        "gather": ("gather", "params indices validate_indices name axis batch_dims"),
        "gather_nd": ("gather_nd", "params indices name batch_dims bad_indices_policy"),
        "gradients": (
            "gradients",
            ("ys xs grad_ys name colocate_gradients_with_ops! gate_gradients aggregation_method stop_gradients "
            "unconnected_gradients"),
        ),
        "hessians": ("hessians", "ys xs name colocate_gradients_with_ops! gate_gradients aggregation_method"),
        "norm": ("norm", "tensor ord axis keepdims name keep_dims:keepdims"),
        "ones_like": ("ones_like", "tensor>input dtype name optimize!"),
        "pad": ("pad", "tensor paddings mode name constant_values"),
        "parse_example": ("io.parse_example", "serialized features name example_names"),
        "parse_single_example": ("io.parse_single_example", "serialized features name example_names"),
        "py_func": ("numpy_function", "func inp Tout stateful name"),
        "quantize_v2": (
            "quantization.quantize", "input min_range max_range T mode name round_mode narrow_range axis ensure_minimum_range",
        ),
        "random_poisson": ("random.poisson", "lam shape dtype seed name"),
        "reduce_join": (
            "strings.reduce_join", "inputs axis keep_dims:keepdims separator name reduction_indices:axis keepdims",
        ),
        "reverse_sequence": (
            "reverse_sequence", "input seq_lengths seq_axis batch_axis name seq_dim:seq_axis batch_dim:batch_axis",
        ),
        "shape": ("shape", "input name out_type"),
        "size": ("size", "input name out_type"),
        "space_to_depth": ("nn.space_to_depth", "input block_size name data_format"),
        "serialize_many_sparse": ("io.serialize_many_sparse", "sp_input name out_type"),
        "serialize_sparse": ("io.serialize_sparse", "sp_input name out_type"),
        "sparse_add": ("sparse.add", "a b threshold thresh:threshold"),
        "sparse_concat": (
            "sparse.concat",
            "axis sp_inputs name expand_nonconcat_dim:expand_nonconcat_dims concat_dim:axis expand_nonconcat_dims",
        ),
        "sparse_reduce_max": ("sparse.reduce_max", _SPARSE_REDUCE),
        "sparse_reduce_sum": ("sparse.reduce_sum", _SPARSE_REDUCE),
        "sparse_segment_mean": (
            "sparse.segment_mean", "data indices segment_ids name num_segments sparse_gradient",
        ),
        "sparse_segment_sqrt_n": (
            "sparse.segment_sqrt_n", "data indices segment_ids name num_segments sparse_gradient",
        ),
        "sparse_segment_sum": (
            "sparse.segment_sum", "data indices segment_ids name num_segments sparse_gradient",
        ),
        "sparse_split": ("sparse.split", "keyword_required! sp_input num_split axis name split_dim:axis"),
        "squeeze": ("squeeze", "input axis name squeeze_dims:axis"),
        "string_to_hash_bucket": (
            "strings.to_hash_bucket", "string_tensor>input num_buckets name input:string_tensor",
        ),
        "string_to_number": ("strings.to_number", "string_tensor>input out_type name input:string_tensor"),
        "substr": ("strings.substr", "input pos len name unit"),
        "transpose": ("transpose", "a perm name conjugate"),
        "tuple": ("tuple", "tensors name control_inputs"),
        "verify_tensor_all_finite": ("debugging.assert_all_finite", "t>x msg>message name x:t message:msg"),
        "zeros_like": ("zeros_like", "tensor>input dtype name optimize!"),
        **{
            f"reduce_{kind}": (f"math.reduce_{kind}", _REDUCE)
            for kind in ("all", "any", "logsumexp", "max", "mean", "min", "prod", "sum")
        },
    },
    "autograph": {
        "to_code": (
            "autograph.to_code",
            "entity recursive arg_values! arg_types! indentation! experimental_optional_features",
        ),
        "to_graph": (
            "autograph.to_graph", "entity recursive arg_values! arg_types! experimental_optional_features",
        ),
    },
    "debugging": {"assert_all_finite": ("debugging.assert_all_finite", "t>x msg>message name x:t message:msg")},
    "linalg": {
        "transpose": ("linalg.matrix_transpose", "a name conjugate"),
        "l2_normalize": ("math.l2_normalize", "x axis epsilon name dim:axis"),
        "norm": ("norm", "tensor ord axis keepdims name keep_dims:keepdims"),
    },
    "manip": {"gather_nd": ("gather_nd", "params indices name batch_dims bad_indices_policy")},
    "math": {
        "in_top_k": ("math.in_top_k", "predictions targets k name"),
        "log_softmax": ("nn.log_softmax", "logits axis name dim:axis"),
        "softmax": ("nn.softmax", "logits axis name dim:axis"),
    },
    "strings": {
        "length": ("strings.length", "input name unit"),
        "substr": ("strings.substr", "input pos len name unit"),
    },
    "nn": {
        "avg_pool": ("nn.avg_pool", "value>input ksize strides padding data_format name input:value"),
        "batch_norm_with_global_normalization": (
            "nn.batch_norm_with_global_normalization",
            "t>input m>mean v>variance beta gamma variance_epsilon scale_after_normalization name input:t mean:m variance:v",
        ),
        "conv1d": (
            "nn.conv1d",
            "value>input filters stride padding use_cudnn_on_gpu! data_format name input:value dilations",
        ),
        "conv2d": (
            "nn.conv2d",
            "input filter>filters strides padding use_cudnn_on_gpu! data_format dilations name filters:filter",
        ),
        "conv2d_transpose": (
            "nn.conv2d_transpose",
            "value>input filter>filters output_shape strides padding data_format name input:value filters:filter dilations",
        ),
        "conv3d": ("nn.conv3d", "input filter>filters strides padding data_format dilations name filters:filter"),
        "conv3d_transpose": (
            "nn.conv3d_transpose",
            "value>input filter>filters output_shape strides padding data_format name input:value filters:filter dilations",
        ),
        "convolution": (
            "nn.convolution",
            ("input filter>filters padding strides dilation_rate>dilations name data_format filters:filter "
            "dilations:dilation_rate"),
        ),
        "crelu": ("nn.crelu", "features name axis"),
        "depthwise_conv2d": (
            "nn.depthwise_conv2d", "input filter strides padding rate>dilations name data_format dilations:rate",
        ),
        "erosion2d": ("nn.erosion2d", "value kernel>filters strides rates>dilations padding name"),
        "in_top_k": ("nn.in_top_k", "predictions targets k name"),
        "l2_normalize": ("math.l2_normalize", "x axis epsilon name dim:axis"),
        "log_softmax": ("nn.log_softmax", "logits axis name dim:axis"),
        "max_pool_with_argmax": (
            "nn.max_pool_with_argmax",
            "input ksize strides padding data_format Targmax:output_dtype name output_dtype include_batch_in_index",
        ),
        "moments": ("nn.moments", "x axes shift name keep_dims:keepdims keepdims"),
        "pool": (
            "nn.pool",
            ("input window_shape pooling_type padding dilation_rate>dilations strides name data_format "
            "dilations:dilation_rate"),
        ),
        "separable_conv2d": (
            "nn.separable_conv2d",
            "input depthwise_filter pointwise_filter strides padding rate>dilations name data_format dilations:rate",
        ),
        "softmax": ("nn.softmax", "logits axis name dim:axis"),
        "softmax_cross_entropy_with_logits_v2": (
            "nn.softmax_cross_entropy_with_logits", "labels logits axis name dim:axis",
        ),
        "sufficient_statistics": ("nn.sufficient_statistics", "x axes shift keep_dims:keepdims name keepdims"),
        "weighted_cross_entropy_with_logits": (
            "nn.weighted_cross_entropy_with_logits", "labels logits pos_weight name targets:labels",
        ),
        "weighted_moments": ("nn.weighted_moments", "x axes frequency_weights name keep_dims:keepdims keepdims"),
    },
}  # fmt: skip
# The same functions in other namespaces.
_AGAIN = {
    "math": [
        "argmax", "argmin", "bincount", "confusion_matrix", "count_nonzero", *[n for n in _ROWS[""] if n.startswith("reduce_") and n != "reduce_join"],
    ],
    "io": ["decode_csv", "decode_raw", "parse_example", "parse_single_example", "serialize_many_sparse", "serialize_sparse"],
    "nn": ["depth_to_space", "space_to_depth"],
    "random": ["multinomial", "poisson:random_poisson"],
    "sparse": ["concat:sparse_concat", "add:sparse_add", "reduce_max:sparse_reduce_max", "reduce_sum:sparse_reduce_sum",
               "segment_mean:sparse_segment_mean", "segment_sqrt_n:sparse_segment_sqrt_n", "segment_sum:sparse_segment_sum",
               "split:sparse_split"],
    "strings": ["reduce_join", "to_hash_bucket:string_to_hash_bucket", "to_number:string_to_number"],
}  # fmt: skip
_SPARSE_RESULT: dict[str, Any] = {
    f"sparse_reduce_{kind}_sparse": form(
        f"sparse_reduce_{kind}_sparse", f"sparse.reduce_{kind}", _SPARSE_REDUCE, output_is_sparse=True
    )
    for kind in ("max", "sum")
}
_DILATION = form(
    "dilation2d", "nn.dilation2d", "input filter>filters strides rates>dilations padding name filters:filter dilations:rates",
    data_format="NHWC",
)  # fmt: skip
_EROSION = form(
    "erosion2d",
    "nn.erosion2d",
    "value kernel>filters strides rates>dilations padding name",
    data_format="NHWC",
)

FUNCTIONS: dict[str, Any] = dict(_SPARSE_RESULT)
for _space, _rows in _ROWS.items():
    for _name, (_target, _parameters) in _rows.items():
        FUNCTIONS[f"{_space}.{_name}" if _space else _name] = form(_name, _target, _parameters)
_DRAWS = "logits num_samples seed name output_dtype>dtype"
FUNCTIONS["multinomial"] = form("multinomial", "random.categorical", _DRAWS, name="multinomial")
for _space, _names in _AGAIN.items():
    for _name in _names:
        _own, _, _old = _name.partition(":")
        FUNCTIONS[f"{_space}.{_own}"] = FUNCTIONS[_old or _own]
# What these make is called otherwise than what today's functions make.
FUNCTIONS["floor_div"] = form("floor_div", "math.floordiv", "x y name", name="FloorDiv")
FUNCTIONS["scalar_mul"] = form("scalar_mul", "math.scalar_mul", "scalar x name", name="Mul")
_POOLING = "value>input ksize strides padding data_format name input:value"
FUNCTIONS["nn.max_pool"] = form("max_pool", "nn.max_pool", _POOLING, name="MaxPool")
FUNCTIONS["nn.avg_pool2d"] = form("avg_pool2d", "nn.avg_pool2d", _POOLING, name="AvgPool")
FUNCTIONS["nn.dilation2d"], FUNCTIONS["nn.erosion2d"] = _DILATION, _EROSION
for _kind in ("max", "sum"):
    FUNCTIONS[f"sparse.reduce_{_kind}_sparse"] = _SPARSE_RESULT[f"sparse_reduce_{_kind}_sparse"]


def __getattr__(name: str) -> Any:
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise AttributeError(f"module 'headrace.api.compat_v1_forms' has no attribute {name!r}") from None


ROOT = sorted(n for n in FUNCTIONS if "." not in n)
NAMES = {
    space: sorted(n.partition(".")[2] for n in FUNCTIONS if n.startswith(space + "."))
    for space in sorted({n.partition(".")[0] for n in FUNCTIONS if "." in n})
}
__all__ = ["FUNCTIONS"]
