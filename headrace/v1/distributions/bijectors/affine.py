"""Affine maps of vectors."""

from __future__ import annotations

from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.v1.distributions.parameters import after

from .base import Bijector


class AffineLinearOperator(Bijector):
    """`y = scale @ x + shift`, each of which may be left out.

    Args:
      shift: floats [..., k].
      scale: a `tf.linalg.LinearOperator` [..., k, k].

    Raises:
      TypeError: `scale` is no such operator, or of another dtype than `shift`.
      ValueError: `scale` is not known to be invertible, and arguments are validated.

    >>> scale = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> AffineLinearOperator([1.0, 1.0], scale).forward([3.0, 3.0]).numpy().tolist()
    [4.0, 7.0]
    """

    def __init__(
        self, shift: Any = None, scale: Any = None, validate_args: bool = False, name: str = "affine_linear_operator"
    ) -> None:  # fmt: skip
        shift = None if shift is None else tf.convert_to_tensor(shift, name="shift")
        dtype = tf.float32 if shift is None else shift.dtype
        if scale is not None:
            if not isinstance(scale, tf.linalg.LinearOperator):
                raise TypeError(f"scale must be a tf.linalg.LinearOperator. Received {scale!r}.")
            if shift is not None and shift.dtype != scale.dtype:
                raise TypeError(f"shift has dtype {shift.dtype.name}, scale {scale.dtype.name}.")
            if validate_args and not scale.is_non_singular:
                raise ValueError("scale must be known to be invertible: make it with is_non_singular=True.")
            dtype = scale.dtype
        self._shift, self._scale = shift, scale
        super().__init__(
            [t for t in [shift] if t is not None], True, validate_args, dtype,
            forward_min_event_ndims=1, name=name,
        )  # fmt: skip

    @property
    def shift(self) -> Any:
        """The vector that is added, or None."""
        return self._shift

    @property
    def scale(self) -> Any:
        """The operator that is applied, or None."""
        return self._scale

    def _forward(self, x: Any) -> Any:
        if self.scale is not None:
            with after(self._assertions()):
                x = self.scale.matvec(x)
        return x if self.shift is None else x + self.shift

    def _inverse(self, y: Any) -> Any:
        x = y if self.shift is None else y - self.shift
        return x if self.scale is None else self.scale.solvevec(x)

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        if self.scale is None:
            return tf.zeros([], x.dtype)
        with after(self._assertions()):
            return self.scale.log_abs_determinant()

    def _assertions(self) -> list[Any]:
        if not self.validate_args:
            return []
        try:
            return [self.scale.assert_non_singular()]
        except NotImplementedError:  # not every operator can tell
            return []


class Affine(AffineLinearOperator):
    """`y = scale @ x + shift`, where `scale` is the sum of what is given:
    `scale_identity_multiplier * I + diag(scale_diag) + scale_tril + F @ diag(scale_perturb_diag) @ F.T`.

    Args:
      shift: floats [..., k].
      scale_identity_multiplier: floats [...]; 1 if nothing else is given.
      scale_diag: floats [..., k].
      scale_tril: floats [..., k, k]; what is above the diagonal is not read.
      scale_perturb_factor: F, floats [..., k, r].
      scale_perturb_diag: floats [..., r]; ones if not given.

    Raises:
      ValueError: `scale_perturb_diag` without the factor; or the size follows from no argument.

    >>> Affine([1.0, 2.0], scale_diag=[3.0, 4.0]).inverse([4.0, 10.0]).numpy().tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, shift: Any = None, scale_identity_multiplier: Any = None, scale_diag: Any = None, scale_tril: Any = None,
        scale_perturb_factor: Any = None, scale_perturb_diag: Any = None, validate_args: bool = False, name: str = "affine",
    ) -> None:  # fmt: skip
        if scale_perturb_diag is not None and scale_perturb_factor is None:
            raise ValueError("scale_perturb_diag needs a scale_perturb_factor.")
        shift, multiplier, diag, tril, factor, inner = (
            None if v is None else tf.convert_to_tensor(v)
            for v in (
                shift, scale_identity_multiplier, scale_diag, scale_tril, scale_perturb_factor, scale_perturb_diag
            )
        )  # fmt: skip
        self._multiplier: Any = None
        if tril is None and diag is None and factor is None:
            self._multiplier = tf.ones([], tf.float32 if shift is None else shift.dtype)
            if multiplier is not None:
                self._multiplier = multiplier
                if validate_args:
                    zero, message = tf.zeros([], multiplier.dtype), "identity_multiplier should be non-zero."
                    with after([checks.assert_none_equal(multiplier, zero, message=message)]):
                        self._multiplier = tf.identity(multiplier)
            super().__init__(shift, None, validate_args, name)
            self._dtype = self._multiplier.dtype
            return
        operator = scale_operator(shift, tril, diag, multiplier, factor, validate_args)
        if factor is not None:
            operator = tf.linalg.LinearOperatorLowRankUpdate(
                operator, u=factor, diag_update=inner, is_diag_update_positive=inner is None, is_non_singular=True,
                is_self_adjoint=True, is_positive_definite=True, is_square=True,
            )  # fmt: skip
        super().__init__(shift, operator, validate_args, name)

    @property
    def scale(self) -> Any:
        """The operator that is applied; a tensor, where it is a multiple of the identity."""
        return self._scale if self._multiplier is None else self._multiplier

    def _forward(self, x: Any) -> Any:
        if self._multiplier is None:
            return super()._forward(x)
        return x * self._multiplier if self.shift is None else x * self._multiplier + self.shift

    def _inverse(self, y: Any) -> Any:
        if self._multiplier is None:
            return super()._inverse(y)
        return (y if self.shift is None else y - self.shift) / self._multiplier

    def _forward_log_det_jacobian(self, x: Any) -> Any:
        if self._multiplier is None:
            return super()._forward_log_det_jacobian(x)
        return tf.math.log(tf.abs(self._multiplier)) * tf.cast(tf.shape(x)[-1], self._multiplier.dtype)


def scale_operator(
    loc: Any, tril: Any, diag: Any, multiplier: Any, factor: Any = None, validate_args: bool = False
) -> Any:
    """A linear operator that is the sum of what is given: a triangle, a diagonal, a multiple of the identity.

    Args:
      loc, factor: tell the size of a multiple of the identity.

    Raises:
      ValueError: nothing tells the size."""

    def checked(x: Any, diagonal: Any) -> Any:
        if not validate_args:
            return x
        zero, message = tf.zeros([], x.dtype), "The diagonal must not have zeros."
        with after([checks.assert_none_equal(diagonal, zero, message=message)]):
            return tf.identity(x)

    if multiplier is not None and (diag is not None or tril is not None):
        diag = multiplier[..., tf.newaxis] + (tf.linalg.diag_part(tril) * 0 if diag is None else diag)
    if tril is not None:
        tril = tf.linalg.band_part(tril, -1, 0)
        diagonal = tf.linalg.diag_part(tril)
        if diag is not None:
            diagonal += diag
            tril = tf.linalg.set_diag(tril, diagonal)
        return tf.linalg.LinearOperatorLowerTriangular(checked(tril, diagonal), is_non_singular=True)
    if diag is not None:
        return tf.linalg.LinearOperatorDiag(checked(diag, diag), is_non_singular=True, is_self_adjoint=True)
    sized = loc if factor is None else factor[..., 0]
    if sized is None:
        raise ValueError(
            "The number of dimensions follows from no argument: give `loc`, or a scale with a size."
        )
    known = sized.shape[-1]
    size = tf.shape(sized)[-1] if known is None else int(known)
    if multiplier is None:
        return tf.linalg.LinearOperatorIdentity(size, dtype=sized.dtype)
    return tf.linalg.LinearOperatorScaledIdentity(
        size, checked(multiplier, multiplier), is_non_singular=True, is_self_adjoint=True
    )
