"""`tf.experimental`: what may still change."""

# ruff: noqa: F822 - `numpy` is imported on first use

from __future__ import annotations

import importlib
from typing import Any

from headrace.composites.ragged.partition import RowPartition
from headrace.composites.ragged.shape import DynamicRaggedShape
from headrace.core.dtypes import (
    float4_e2m1fn,
    float8_e4m3b11fnuz,
    float8_e4m3fn,
    float8_e4m3fnuz,
    float8_e5m2,
    float8_e5m2fnuz,
    int2,
    int4,
    uint2,
    uint4,
)
from headrace.core.extension import (
    BatchableExtensionType,
    ExtensionType,
    ExtensionTypeBatchEncoder,
    ExtensionTypeSpec,
)
from headrace.data.optional import Optional

from . import experimental_dlpack as dlpack
from . import experimental_dtensor as dtensor
from . import experimental_extension_type as extension_type
from .experimental_dispatch import (
    dispatch_for_api,
    dispatch_for_binary_elementwise_apis,
    dispatch_for_binary_elementwise_assert_apis,
    dispatch_for_unary_elementwise_apis,
    unregister_dispatch_for,
)
from .experimental_execution import (
    async_clear_error,
    async_scope,
    enable_strict_mode,
    function_executor_type,
    register_filesystem_plugin,
)

__all__ = [
    "BatchableExtensionType",
    "DynamicRaggedShape",
    "ExtensionType",
    "ExtensionTypeBatchEncoder",
    "ExtensionTypeSpec",
    "Optional",
    "RowPartition",
    "async_clear_error",
    "async_scope",
    "dispatch_for_api",
    "dispatch_for_binary_elementwise_apis",
    "dispatch_for_binary_elementwise_assert_apis",
    "dispatch_for_unary_elementwise_apis",
    "dlpack",
    "dtensor",
    "enable_strict_mode",
    "extension_type",
    "float4_e2m1fn",
    "float8_e4m3b11fnuz",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "function_executor_type",
    "int2",
    "int4",
    "numpy",
    "register_filesystem_plugin",
    "uint2",
    "uint4",
    "unregister_dispatch_for",
]


def __getattr__(name: str) -> Any:
    if name != "numpy":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = globals()[name] = importlib.import_module("headrace.api.experimental_numpy")
    return module
