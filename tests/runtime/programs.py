"""Small StableHLO programs for the runtime's tests."""

from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]

_NAMES = {"float32": "f32", "float64": "f64", "int32": "i32", "int8": "i8", "bool": "i1"}


def tensor(shape, dtype="float32"):
    """The StableHLO type of an array: tensor((2, 3)) is "tensor<2x3xf32>"."""
    return f"tensor<{''.join(f'{size}x' for size in shape)}{_NAMES[np.dtype(dtype).name]}>"


def unary(op, shape, dtype="float32", attribute=""):
    """A module that applies one StableHLO op to one argument."""
    kind = tensor(shape, dtype)
    return (
        f"func.func @main(%x: {kind} {attribute}) -> {kind} {{\n"
        f"  %y = stablehlo.{op} %x : {kind}\n  return %y : {kind}\n}}"
    )
