"""`tf.contrib.distributions.bijectors`: invertible maps, for `TransformedDistribution`."""

from .affine import Affine, AffineLinearOperator
from .base import Bijector, ConditionalBijector, Identity
from .composed import Chain, Inline, Invert
from .elementwise import (
    AbsoluteValue,
    AffineScalar,
    Exp,
    Gumbel,
    Kumaraswamy,
    PowerTransform,
    Sigmoid,
    SinhArcsinh,
    Softplus,
    Softsign,
    Square,
)
from .flows import (
    BatchNormalization,
    MaskedAutoregressiveFlow,
    RealNVP,
    masked_autoregressive_default_template,
    masked_dense,
    real_nvp_default_template,
)
from .matrices import CholeskyOuterProduct, FillTriangular, MatrixInverseTriL, ScaleTriL, TransformDiagonal
from .vectors import Ordered, Permute, Reshape, SoftmaxCentered

__all__ = [
    "AbsoluteValue", "Affine", "AffineLinearOperator", "AffineScalar", "BatchNormalization", "Bijector",
    "Chain", "CholeskyOuterProduct", "ConditionalBijector", "Exp", "FillTriangular", "Gumbel", "Identity",
    "Inline", "Invert", "Kumaraswamy", "MaskedAutoregressiveFlow", "MatrixInverseTriL", "Ordered",
    "Permute", "PowerTransform", "RealNVP", "Reshape", "ScaleTriL", "Sigmoid", "SinhArcsinh",
    "SoftmaxCentered", "Softplus", "Softsign", "Square", "TransformDiagonal",
    "masked_autoregressive_default_template", "masked_dense", "real_nvp_default_template",
]  # fmt: skip
