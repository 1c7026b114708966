"""The 1.x initialisers: as those of `tf`, with a type of their own and parts of variables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.op import lookup


class Initializer:
    """Makes a variable's first value: `initializer(shape, dtype=None, partition_info=None)`."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """The first value of a variable of that shape; of this initialiser's own type, if none is given."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {k: v.name if k == "dtype" else v for k, v in self.__dict__.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


def _float(dtype: Any) -> Any:
    found = as_dtype(dtype)
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found!r}.")
    return found


class zeros_initializer(Initializer):
    """All zeros."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .making import zeros

        return zeros(shape, self.dtype if dtype is None else dtype)


class ones_initializer(Initializer):
    """All ones."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .making import ones

        return ones(shape, self.dtype if dtype is None else dtype)


class constant_initializer(Initializer):
    """A number everywhere, or a list or array in the variable's shape; too few values repeat the last.

    Args:
      verify_shape: whether the value must have exactly the variable's shape."""

    def __init__(self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. Expected Python scalar, list or "
                "tuple of values, or numpy.ndarray."
            )
        self.value, self.dtype, self.verify_shape = value, as_dtype(dtype), verify_shape

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value, "dtype": self.dtype.name}

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None, verify_shape: bool | None = None
    ) -> Any:
        from .compat_v1_arrays import constant

        verify = self.verify_shape if verify_shape is None else verify_shape
        return constant(
            self.value, self.dtype if dtype is None else as_dtype(dtype), shape, verify_shape=verify
        )


class random_uniform_initializer(Initializer):
    """Uniform numbers in [minval, maxval)."""

    def __init__(
        self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        self.minval, self.maxval, self.seed, self.dtype = minval, maxval, seed, as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .random import uniform

        return uniform(
            shape, self.minval, self.maxval, self.dtype if dtype is None else dtype, seed=self.seed
        )


class random_normal_initializer(Initializer):
    """Normal numbers."""

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .random import normal

        return normal(shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed)


class truncated_normal_initializer(Initializer):
    """Normal numbers; those further than two standard deviations from the mean are drawn again."""

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .random import truncated_normal

        return truncated_normal(
            shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed
        )


class uniform_unit_scaling_initializer(Initializer):
    """Uniform numbers scaled so that the variance of a layer's input is kept: ±factor·√(3 / inputs)."""

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        self.factor, self.seed, self.dtype = factor, seed, _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .random import uniform

        whole = shape if partition_info is None else partition_info.full_shape
        limit = math.sqrt(3 / max(math.prod([float(d) for d in list(whole)[:-1]]), 1.0)) * self.factor
        return uniform(shape, -limit, limit, self.dtype if dtype is None else dtype, seed=self.seed)


def _fans(shape: Any) -> tuple[float, float]:
    """Inputs and outputs of a layer with weights of that shape."""
    sizes = [int(d) for d in shape]
    if len(sizes) < 2:
        n = float(sizes[0]) if sizes else 1.0
        return n, n
    field = math.prod(sizes[:-2])
    return float(sizes[-2] * field), float(sizes[-1] * field)


class variance_scaling_initializer(Initializer):
    """Numbers of variance scale / n, where n is the number of a layer's inputs, outputs, or the mean of both.

    Args:
      mode: "fan_in", "fan_out" or "fan_avg".
      distribution: "truncated_normal" (or "normal"), "untruncated_normal", "uniform"."""

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: int | None = None, dtype: Any = dtypes.float32,
    ) -> None:  # fmt: skip
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {scale}")
        if mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError(
                f"Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg'). Received: {mode}"
            )
        distribution = distribution.lower()
        if distribution not in {"normal", "uniform", "truncated_normal", "untruncated_normal"}:
            raise ValueError(
                "Argument `distribution` should be one of ('normal', uniform', 'truncated_normal', 'untruncated_normal'). "
                f"Received: {distribution}"
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed
        self.dtype = _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from . import random

        dtype = self.dtype if dtype is None else as_dtype(dtype)
        inputs, outputs = _fans(shape if partition_info is None else partition_info.full_shape)
        n = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, seed=self.seed)
        # What the truncation takes from the variance is put back.
        return random.truncated_normal(
            shape, 0.0, math.sqrt(variance) / 0.87962566103423978, dtype, seed=self.seed
        )


class glorot_uniform_initializer(variance_scaling_initializer):
    """Glorot and Bengio (2010): uniform in ±√(6 / (inputs + outputs))."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


class glorot_normal_initializer(variance_scaling_initializer):
    """Glorot and Bengio (2010): truncated normal of variance 2 / (inputs + outputs)."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


def he_normal(seed: int | None = None) -> variance_scaling_initializer:
    """He et al. (2015): truncated normal of variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """He et al. (2015): uniform of variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> variance_scaling_initializer:
    """LeCun et al. (1998): truncated normal of variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """LeCun et al. (1998): uniform of variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


class orthogonal_initializer(Initializer):
    """A matrix with orthonormal rows or columns; more dimensions are flattened into the rows."""

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .random import normal

        dtype = self.dtype if dtype is None else as_dtype(dtype)
        sizes = [int(d) for d in shape]
        if len(sizes) < 2:
            raise ValueError(
                f"The tensor to initialize, specified by argument `shape` must be at least two-dimensional. Received shape={shape}"
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        a = normal([max(rows, columns), min(rows, columns)], dtype=dtype, seed=self.seed)
        q, r = lookup("Qr")(a, full_matrices=False)
        q = q * lookup("Sign")(lookup("MatrixDiagPart")(r))
        if rows < columns:
            q = lookup("Transpose")(q, [1, 0])
        return to_tensor(self.gain, dtype) * lookup("Reshape")(q, sizes)


class identity_initializer(Initializer):
    """The identity matrix."""

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32) -> None:
        self.gain, self.dtype = gain, _float(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from .linalg import eye

        whole = shape if partition_info is None else partition_info.full_shape
        if len(whole) != 2:
            raise ValueError(
                f"The tensor to initialize must be two-dimensional. Received shape={list(whole)}"
            )
        dtype = self.dtype if dtype is None else as_dtype(dtype)
        value = eye(int(whole[0]), int(whole[1]), dtype=dtype)
        if partition_info is not None:
            value = lookup("Slice")(value, partition_info.offset, list(shape))
        return to_tensor(self.gain, dtype) * value


constant, identity, ones, orthogonal, zeros = (
    constant_initializer, identity_initializer, ones_initializer, orthogonal_initializer, zeros_initializer,
)  # fmt: skip
glorot_normal, glorot_uniform = glorot_normal_initializer, glorot_uniform_initializer
random_normal, random_uniform = random_normal_initializer, random_uniform_initializer
truncated_normal, uniform_unit_scaling = truncated_normal_initializer, uniform_unit_scaling_initializer
variance_scaling = variance_scaling_initializer

ROOT = [
    "constant_initializer", "glorot_normal_initializer", "glorot_uniform_initializer", "ones_initializer",
    "orthogonal_initializer", "random_normal_initializer", "random_uniform_initializer",
    "truncated_normal_initializer", "uniform_unit_scaling_initializer", "variance_scaling_initializer",
    "zeros_initializer",
]  # fmt: skip
_NEW = [
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal",
    "uniform_unit_scaling", "variance_scaling", "zeros",
]  # fmt: skip
NAMES = {"initializers": _NEW}
__all__ = [*ROOT, *_NEW, "Initializer"]  # noqa: PLE0604
