"""`slim.model_analyzer`: how large a model is."""

from __future__ import annotations

import math
import sys
from typing import Any


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def tensor_description(var: Any) -> str:
    """Type and shape, such as "(float32_ref 3x4) [12, bytes: 48]" has without the size."""
    dims = (
        "x".join("?" if d is None else str(d) for d in var.shape.as_list())
        if var.shape.rank is not None
        else ""
    )
    return f"({var.dtype.name} {dims})"


def analyze_vars(variables: Any, print_info: bool = False) -> tuple[int, int]:
    """How many numbers the variables hold, and how many bytes; with `print_info` a line for each."""
    if print_info:
        _say("---------\nVariables: name (type shape) [size]\n---------")
    size = total = 0
    for var in variables:
        count = math.prod(int(d or 0) for d in var.shape.as_list())
        size, total = size + count, total + count * var.dtype.size
        if print_info:
            _say(f"{var.name} {tensor_description(var)} [{count}, bytes: {count * var.dtype.size}]")
    if print_info:
        _say(f"Total size of variables: {size}\nTotal bytes of variables: {total}")
    return size, total


def analyze_ops(graph: Any, print_info: bool = False) -> int:
    """How many numbers the outputs of a graph's operations have, where that is known."""
    if print_info:
        _say("---------\nOperations: name -> (type shapes) [size]\n---------")
    total = 0
    for op in graph.get_operations():
        size, shapes = 0, []
        for output in op.outputs:
            count = output.shape.num_elements() or 0
            size += count
            shapes.append(tensor_description(output))
        if print_info:
            _say(f"{op.name}\t->\t{', '.join(shapes)} [{size or '?'}]")
        total += size
    return total
