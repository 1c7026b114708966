"""`tf.layers` of TensorFlow 1.x: layers whose variables are found again by variable scope.

`base.py` has what they share; a layer's function (`dense`) is made of its class (`Dense`)."""

from .arguments import function_of
from .base import InputSpec, Layer
from .conv import Conv1D, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose
from .core import Dense, Dropout, Flatten
from .norm import BatchNormalization
from .pool import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .separable import SeparableConv1D, SeparableConv2D
from .style import keras_style_scope, set_keras_style

dense = function_of(Dense)
conv1d, conv2d, conv3d = function_of(Conv1D), function_of(Conv2D), function_of(Conv3D)
conv2d_transpose, conv3d_transpose = function_of(Conv2DTranspose), function_of(Conv3DTranspose)
separable_conv1d, separable_conv2d = function_of(SeparableConv1D), function_of(SeparableConv2D)
_POOL = "pool_size strides padding data_format name"
max_pooling1d, max_pooling2d, max_pooling3d = (
    function_of(cls, _POOL) for cls in (MaxPooling1D, MaxPooling2D, MaxPooling3D)
)
average_pooling1d, average_pooling2d, average_pooling3d = (
    function_of(cls, _POOL) for cls in (AveragePooling1D, AveragePooling2D, AveragePooling3D)
)
dropout = function_of(Dropout, "rate noise_shape seed training name", calls=["training"])
flatten = function_of(Flatten, "name data_format")
batch_normalization = function_of(
    BatchNormalization,
    "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer "
    "moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint training trainable "
    "name reuse renorm renorm_clipping renorm_momentum fused virtual_batch_size adjustment",
    calls=["training"],
)

__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Conv1D", "Conv2D", "Conv2DTranspose",
    "Conv3D", "Conv3DTranspose", "Dense", "Dropout", "Flatten", "InputSpec", "Layer", "MaxPooling1D", "MaxPooling2D",
    "MaxPooling3D", "SeparableConv1D", "SeparableConv2D", "average_pooling1d", "average_pooling2d", "average_pooling3d",
    "batch_normalization", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "conv3d_transpose", "dense", "dropout",
    "flatten", "keras_style_scope", "max_pooling1d", "max_pooling2d", "max_pooling3d", "separable_conv1d",
    "separable_conv2d", "set_keras_style",
]  # fmt: skip
