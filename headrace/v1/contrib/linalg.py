"""`tf.contrib.linalg`: matrices by their structure, where they were before `tf.linalg` had them."""

from headrace.api.linalg import adjoint
from headrace.linear_operators.base import (
    LinearOperator,
)
from headrace.linear_operators.blocks import (
    LinearOperatorBlockDiag,
)
from headrace.linear_operators.composed import (
    LinearOperatorComposition,
    LinearOperatorKronecker,
    LinearOperatorLowRankUpdate,
)
from headrace.linear_operators.matrices import (
    LinearOperatorDiag,
    LinearOperatorFullMatrix,
    LinearOperatorIdentity,
    LinearOperatorLowerTriangular,
    LinearOperatorScaledIdentity,
    LinearOperatorZeros,
)
from headrace.linear_operators.structured import (
    LinearOperatorCirculant,
    LinearOperatorCirculant2D,
    LinearOperatorCirculant3D,
)

LinearOperatorTriL, LinearOperatorUDVHUpdate = LinearOperatorLowerTriangular, LinearOperatorLowRankUpdate

__all__ = [
    "LinearOperator", "LinearOperatorBlockDiag", "LinearOperatorCirculant", "LinearOperatorCirculant2D",
    "LinearOperatorCirculant3D", "LinearOperatorComposition", "LinearOperatorDiag", "LinearOperatorFullMatrix",
    "LinearOperatorIdentity", "LinearOperatorKronecker", "LinearOperatorLowRankUpdate", "LinearOperatorLowerTriangular",
    "LinearOperatorScaledIdentity", "LinearOperatorTriL", "LinearOperatorUDVHUpdate", "LinearOperatorZeros", "adjoint",
]  # fmt: skip
