"""What the element-wise functions of `tf.math` say of themselves: a sentence, the types they take, an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FLOAT_OR_COMPLEX, _FLOAT, _ANY = "floating or complex", "floating", "any number type"
DOCS = {
    "acos": ("The angle in [0, π] with that cosine.", _FLOAT_OR_COMPLEX, "tf.math.acos([1.0])", "[0.0]"),
    "acosh": ("The inverse hyperbolic cosine.", _FLOAT_OR_COMPLEX, "tf.math.acosh([1.0])", "[0.0]"),
    "asin": ("The angle in [-π/2, π/2] with that sine.", _FLOAT_OR_COMPLEX, "tf.math.asin([0.0])", "[0.0]"),
    "asinh": ("The inverse hyperbolic sine.", _FLOAT_OR_COMPLEX, "tf.math.asinh([0.0])", "[0.0]"),
    "atan": (
        "The angle in [-π/2, π/2] with that tangent.",
        _FLOAT_OR_COMPLEX,
        "tf.math.atan([0.0])",
        "[0.0]",
    ),
    "atanh": ("The inverse hyperbolic tangent.", _FLOAT_OR_COMPLEX, "tf.math.atanh([0.0])", "[0.0]"),
    "bessel_i0": ("The modified Bessel function of order 0.", _FLOAT, "tf.math.bessel_i0([0.0])", "[1.0]"),
    "bessel_i0e": (
        "exp(-|x|) times the modified Bessel function of order 0.",
        _FLOAT,
        "tf.math.bessel_i0e([0.0])",
        "[1.0]",
    ),
    "bessel_i1": ("The modified Bessel function of order 1.", _FLOAT, "tf.math.bessel_i1([0.0])", "[0.0]"),
    "bessel_i1e": (
        "exp(-|x|) times the modified Bessel function of order 1.",
        _FLOAT,
        "tf.math.bessel_i1e([0.0])",
        "[0.0]",
    ),
    "ceil": ("The smallest whole number not below x.", _FLOAT, "tf.math.ceil([1.2, -1.2])", "[2.0, -1.0]"),
    "cos": ("The cosine of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.cos([0.0])", "[1.0]"),
    "cosh": ("The hyperbolic cosine.", _FLOAT_OR_COMPLEX, "tf.math.cosh([0.0])", "[1.0]"),
    "digamma": ("The derivative of lgamma.", _FLOAT, "(tf.math.digamma([2.0]) > 0.4)", "[True]"),
    "erf": ("The Gauss error function.", _FLOAT, "tf.math.erf([0.0])", "[0.0]"),
    "erfc": ("1 - erf(x), without cancellation.", _FLOAT, "tf.math.erfc([0.0])", "[1.0]"),
    "erfinv": ("The inverse of erf.", _FLOAT, "tf.math.erfinv([0.0])", "[0.0]"),
    "exp": ("e to the power of x.", _FLOAT_OR_COMPLEX, "tf.math.exp([0.0])", "[1.0]"),
    "expm1": ("exp(x) - 1, without cancellation.", _FLOAT_OR_COMPLEX, "tf.math.expm1([0.0])", "[0.0]"),
    "floor": ("The largest whole number not above x.", _FLOAT, "tf.math.floor([1.8, -1.2])", "[1.0, -2.0]"),
    "floordiv": ("x / y, rounded towards minus infinity.", _ANY, "tf.math.floordiv([7, -7], 2)", "[3, -4]"),
    "floormod": (
        "The remainder of x / y with the sign of y.",
        "real",
        "tf.math.floormod([7, -7], 3)",
        "[1, 2]",
    ),
    "equal": ("Whether x == y.", "any type", "tf.math.equal([1, 2], 2)", "[False, True]"),
    "not_equal": ("Whether x != y.", "any type", "tf.math.not_equal([1, 2], 2)", "[True, False]"),
    "less": ("Whether x < y.", "real", "tf.math.less([1, 2], 2)", "[True, False]"),
    "less_equal": ("Whether x <= y.", "real", "tf.math.less_equal([1, 3], 2)", "[True, False]"),
    "greater": ("Whether x > y.", "real", "tf.math.greater([1, 3], 2)", "[False, True]"),
    "greater_equal": ("Whether x >= y.", "real", "tf.math.greater_equal([1, 2], 2)", "[False, True]"),
    "is_finite": (
        "Whether x is neither infinite nor NaN.",
        _FLOAT,
        "tf.math.is_finite([1.0, float('inf')])",
        "[True, False]",
    ),
    "is_inf": ("Whether x is infinite.", _FLOAT, "tf.math.is_inf([1.0, float('inf')])", "[False, True]"),
    "is_nan": ("Whether x is not a number.", _FLOAT, "tf.math.is_nan([1.0, float('nan')])", "[False, True]"),
    "lgamma": ("log |Γ(x)|.", _FLOAT, "tf.math.lgamma([1.0])", "[0.0]"),
    "log": ("The natural logarithm.", _FLOAT_OR_COMPLEX, "tf.math.log([1.0])", "[0.0]"),
    "log1p": ("log(1 + x), without cancellation.", _FLOAT_OR_COMPLEX, "tf.math.log1p([0.0])", "[0.0]"),
    "logical_and": (
        "Whether both are true.",
        "bool",
        "tf.math.logical_and([True, True], [True, False])",
        "[True, False]",
    ),
    "logical_not": ("Whether x is false.", "bool", "tf.math.logical_not([True, False])", "[False, True]"),
    "logical_or": (
        "Whether either is true.",
        "bool",
        "tf.math.logical_or([True, False], [False, False])",
        "[True, False]",
    ),
    "maximum": (
        "The greater of x and y; NaN where either is.",
        "real",
        "tf.math.maximum([1, 5], 3)",
        "[3, 5]",
    ),
    "minimum": (
        "The smaller of x and y; NaN where either is.",
        "real",
        "tf.math.minimum([1, 5], 3)",
        "[1, 3]",
    ),
    "multiply": ("x · y, element by element.", _ANY, "tf.math.multiply([1, 2], 3)", "[3, 6]"),
    "ndtri": ("The quantile function of the normal distribution.", _FLOAT, "tf.math.ndtri([0.5])", "[0.0]"),
    "negative": ("-x.", "signed", "tf.math.negative([1, -2])", "[-1, 2]"),
    "pow": (
        "x to the power of y. Integers to negative integers: InvalidArgumentError.",
        "signed",
        "tf.math.pow([2, 3], 2)",
        "[4, 9]",
    ),
    "realdiv": (
        "x / y of numbers that are not integers.",
        _FLOAT_OR_COMPLEX,
        "tf.realdiv([3.0], 2.0)",
        "[1.5]",
    ),
    "reciprocal": ("1 / x.", "signed", "tf.math.reciprocal([2.0])", "[0.5]"),
    "rint": (
        "The nearest whole number; halves go to the even one.",
        _FLOAT,
        "tf.math.rint([0.5, 1.5])",
        "[0.0, 2.0]",
    ),
    "rsqrt": ("1 / sqrt(x).", _FLOAT_OR_COMPLEX, "tf.math.rsqrt([4.0])", "[0.5]"),
    "sigmoid": ("1 / (1 + exp(-x)).", _FLOAT_OR_COMPLEX, "tf.math.sigmoid([0.0])", "[0.5]"),
    "sign": ("-1, 0 or 1; of complex numbers x / |x|.", "signed", "tf.math.sign([-3, 0, 2])", "[-1, 0, 1]"),
    "sin": ("The sine of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.sin([0.0])", "[0.0]"),
    "sinh": ("The hyperbolic sine.", _FLOAT_OR_COMPLEX, "tf.math.sinh([0.0])", "[0.0]"),
    "sqrt": ("The square root.", _FLOAT_OR_COMPLEX, "tf.math.sqrt([4.0])", "[2.0]"),
    "square": ("x · x.", _ANY, "tf.math.square([-3, 2])", "[9, 4]"),
    "squared_difference": ("(x - y)·conj(x - y).", _ANY, "tf.math.squared_difference([1, 5], 3)", "[4, 4]"),
    "subtract": ("x - y.", _ANY, "tf.math.subtract([5, 6], 2)", "[3, 4]"),
    "tan": ("The tangent of angles in radians.", _FLOAT_OR_COMPLEX, "tf.math.tan([0.0])", "[0.0]"),
    "tanh": ("The hyperbolic tangent.", _FLOAT_OR_COMPLEX, "tf.math.tanh([0.0])", "[0.0]"),
    "truncatediv": ("x / y, rounded towards zero.", _ANY, "tf.truncatediv([7, -7], 2)", "[3, -3]"),
    "truncatemod": (
        "The remainder of x / y with the sign of x.",
        "real",
        "tf.truncatemod([7, -7], 3)",
        "[1, -1]",
    ),
    "xdivy": (
        "x / y, and 0 where x is 0.",
        _FLOAT_OR_COMPLEX,
        "tf.math.xdivy([0.0, 1.0], [0.0, 2.0])",
        "[0.0, 0.5]",
    ),
    "xlog1py": (
        "x · log(1 + y), and 0 where x is 0.",
        _FLOAT_OR_COMPLEX,
        "tf.math.xlog1py([0.0], [-1.0])",
        "[0.0]",
    ),
    "xlogy": ("x · log(y), and 0 where x is 0.", _FLOAT_OR_COMPLEX, "tf.math.xlogy([0.0], [0.0])", "[0.0]"),
}


def document(namespace: Mapping[str, Any]) -> None:
    """Gives the functions of a namespace, which are rows of the op table, their docstrings."""
    for name, (summary, kinds, call, result) in DOCS.items():
        function = namespace[name]
        two = function.op.signature.inputs[1:]
        shapes = (
            "broadcast together; the result has the broadcast shape"
            if two
            else "of any shape, which is the result's"
        )
        inputs = "the inputs are" if two else "the input is"
        example = f">>> {call}.numpy().tolist()\n{result}\n"
        function.__doc__ = f"{summary}\n\nElement-wise; {inputs} {kinds}, {shapes}.\n\n{example}"
        function.__module__ = namespace["__name__"]
