"""`tf.bitwise`: operations on the bits of integers. Two operands broadcast together."""

from __future__ import annotations

from headrace.ops.bitwise import bitwise_and, bitwise_or, bitwise_xor, invert, left_shift, right_shift

_DOCS = {
    "bitwise_and": ("The bits that both x and y have.", "tf.bitwise.bitwise_and([12, 10], 6)", "[4, 2]"),
    "bitwise_or": ("The bits that x or y has.", "tf.bitwise.bitwise_or([12, 10], 6)", "[14, 14]"),
    "bitwise_xor": ("The bits that one of x and y has.", "tf.bitwise.bitwise_xor([12], 6)", "[10]"),
    "invert": ("All bits the other way round.", "tf.bitwise.invert([0, 5])", "[-1, -6]"),
    "left_shift": (
        "x with its bits moved y places up. y is clamped to [0, bits of the type - 1].",
        "tf.bitwise.left_shift([1, 3], 2)",
        "[4, 12]",
    ),
    "right_shift": (
        "x with its bits moved y places down, keeping the sign. y is clamped to [0, bits of the type - 1].",
        "tf.bitwise.right_shift([8, -8], 2)",
        "[2, -2]",
    ),
}


def _document() -> None:
    for name, (summary, call, result) in _DOCS.items():
        function = globals()[name]
        function.__module__ = __name__
        function.__doc__ = f"{summary}\n\nOf integer tensors.\n\n>>> {call}.numpy().tolist()\n{result}\n"


_document()

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
ROOT: list[str] = []
