"""`tf.image`: images as `[height, width, channels]`, or batches of them. The functions are in the files beside this one,
by theme."""

from __future__ import annotations

from . import (
    image_adjust,
    image_boxes,
    image_codecs,
    image_color,
    image_crop,
    image_flip,
    image_quality,
    image_resize,
)
from .image_adjust import *  # noqa: F403
from .image_boxes import *  # noqa: F403
from .image_codecs import *  # noqa: F403
from .image_color import *  # noqa: F403
from .image_crop import *  # noqa: F403
from .image_flip import *  # noqa: F403
from .image_quality import *  # noqa: F403
from .image_resize import *  # noqa: F403

__all__ = [  # noqa: PLE0604
    *image_adjust.__all__,
    *image_boxes.__all__,
    *image_codecs.__all__,
    *image_color.__all__,
    *image_crop.__all__,
    *image_flip.__all__,
    *image_quality.__all__,
    *image_resize.__all__,
]
ROOT: list[str] = []
