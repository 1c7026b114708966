"""`tf.debugging.experimental`."""

from __future__ import annotations

from typing import Any

from headrace.core.errors import UnimplementedError


def enable_dump_debug_info(
    dump_root: str,
    tensor_debug_mode: str = "NO_TENSOR",
    circular_buffer_size: int = 1000,
    op_regex: str | None = None,
    tensor_dtypes: Any = None,
) -> Any:
    """Recording every op for the Debugger V2 plug-in is not available.

    Raises:
      UnimplementedError: always.
    """
    raise UnimplementedError(
        None,
        None,
        "Dumping debug info for TensorBoard's Debugger V2 is not available. Use"
        " tf.debugging.enable_check_numerics() to find NaN and infinity, or tf.print in the function to see"
        " values.",
    )


def disable_dump_debug_info() -> None:
    """Ends recording; as it cannot have begun, nothing happens."""


__all__ = ["disable_dump_debug_info", "enable_dump_debug_info"]
