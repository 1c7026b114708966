"""`tf.*`: the root namespace's array functions, from where they are written."""

from __future__ import annotations

from . import gathering, joining, making, ordering, shaping
from .gathering import *  # noqa: F403
from .joining import *  # noqa: F403
from .making import *  # noqa: F403
from .ordering import *  # noqa: F403
from .ordering import invert_permutation, top_k  # of tf.math
from .segments import *  # noqa: F403 - of tf.math and tf.sparse
from .shaping import *  # noqa: F403

newaxis = None

__all__ = [  # noqa: PLE0604
    *making.__all__,
    *shaping.__all__,
    *joining.__all__,
    *gathering.__all__,
    *ordering.__all__,
    "newaxis",
]
ROOT = __all__
