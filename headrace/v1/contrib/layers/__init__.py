"""`tf.contrib.layers`: layers as functions, their variables below a scope, their defaults from `arg_scope`."""

from headrace.v1.contrib import layer_utils as utils
from headrace.v1.contrib.feature_columns import (
    bucketized_column,
    crossed_column,
    embedding_column,
    one_hot_column,
    real_valued_column,
    shared_embedding_columns,
    sparse_column_with_hash_bucket,
    sparse_column_with_integerized_feature,
    sparse_column_with_keys,
    sparse_column_with_vocabulary_file,
    weighted_sparse_column,
)

from .conv import (
    avg_pool2d,
    avg_pool3d,
    conv1d,
    conv2d,
    conv2d_in_plane,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    convolution,
    convolution1d,
    convolution2d,
    convolution2d_in_plane,
    convolution2d_transpose,
    convolution3d,
    convolution3d_transpose,
    max_pool2d,
    max_pool3d,
    separable_conv2d,
    separable_convolution2d,
)
from .dense import (
    bias_add,
    dense_to_sparse,
    dropout,
    elu,
    flatten,
    fully_connected,
    legacy_fully_connected,
    legacy_linear,
    legacy_relu,
    linear,
    maxout,
    one_hot_encoding,
    relu,
    relu6,
    repeat,
    softmax,
    stack,
    unit_norm,
)
from .embedding import bow_encoder, embed_sequence, embedding_lookup_unique, safe_embedding_lookup_sparse
from .from_columns import (
    check_feature_columns,
    create_feature_spec_for_parsing,
    infer_real_valued_columns,
    input_from_feature_columns,
    joint_weighted_sum_from_feature_columns,
    make_place_holder_tensors_for_base_features,
    parse_feature_columns_from_examples,
    transform_features,
    weighted_sum_from_feature_columns,
)
from .gdn import GDN, gdn
from .initializers import variance_scaling_initializer, xavier_initializer, xavier_initializer_conv2d
from .norm import batch_norm, group_norm, instance_norm, layer_norm
from .recomputed import RevBlock, recompute_grad, rev_block, scale_gradient
from .regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from .spatial import images_to_sequence, pool, sequence_to_images, spatial_softmax
from .training import (
    OPTIMIZER_CLS_NAMES,
    OPTIMIZER_SUMMARIES,
    adaptive_clipping_fn,
    optimize_loss,
    summarize_activation,
    summarize_activations,
    summarize_biases,
    summarize_collection,
    summarize_tensor,
    summarize_tensors,
    summarize_variables,
    summarize_weights,
)

SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY = 956888297470  # what crosses of columns are hashed with

__all__ = [
    "GDN", "OPTIMIZER_CLS_NAMES", "OPTIMIZER_SUMMARIES", "RevBlock", "SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY",
    "adaptive_clipping_fn", "apply_regularization", "avg_pool2d", "avg_pool3d", "batch_norm", "bias_add",
    "bow_encoder", "bucketized_column", "check_feature_columns", "conv1d", "conv2d", "conv2d_in_plane",
    "conv2d_transpose", "conv3d", "conv3d_transpose", "convolution", "convolution1d", "convolution2d",
    "convolution2d_in_plane", "convolution2d_transpose", "convolution3d", "convolution3d_transpose",
    "create_feature_spec_for_parsing", "crossed_column", "dense_to_sparse", "dropout", "elu", "embed_sequence",
    "embedding_column", "embedding_lookup_unique", "flatten", "fully_connected", "gdn", "group_norm",
    "images_to_sequence", "infer_real_valued_columns", "input_from_feature_columns", "instance_norm",
    "joint_weighted_sum_from_feature_columns", "l1_l2_regularizer", "l1_regularizer", "l2_regularizer",
    "layer_norm", "legacy_fully_connected", "legacy_linear", "legacy_relu", "linear",
    "make_place_holder_tensors_for_base_features", "max_pool2d", "max_pool3d", "maxout", "one_hot_column",
    "one_hot_encoding", "optimize_loss", "parse_feature_columns_from_examples", "pool", "real_valued_column",
    "recompute_grad", "relu", "relu6", "repeat", "rev_block", "safe_embedding_lookup_sparse", "scale_gradient",
    "separable_conv2d", "separable_convolution2d", "sequence_to_images", "shared_embedding_columns", "softmax",
    "sparse_column_with_hash_bucket", "sparse_column_with_integerized_feature", "sparse_column_with_keys",
    "sparse_column_with_vocabulary_file", "spatial_softmax", "stack", "sum_regularizer", "summarize_activation",
    "summarize_activations", "summarize_biases", "summarize_collection", "summarize_tensor", "summarize_tensors",
    "summarize_variables", "summarize_weights", "transform_features", "unit_norm", "utils",
    "variance_scaling_initializer", "weighted_sparse_column", "weighted_sum_from_feature_columns",
    "xavier_initializer", "xavier_initializer_conv2d",
]  # fmt: skip
