"""`tf.contrib.image`: images turned, warped and matched."""

from __future__ import annotations

from typing import Any

from .colors import adjust_hsv_in_yiq, random_hsv_in_yiq
from .regions import bipartite_match, connected_components
from .transforms import (
    angles_to_projective_transforms,
    compose_transforms,
    flat_transforms_to_matrices,
    matrices_to_flat_transforms,
    rotate,
    transform,
    translate,
    translations_to_projective_transforms,
)
from .warps import dense_image_warp, interpolate_spline, sparse_image_warp


def __getattr__(name: str) -> Any:
    if name == "single_image_random_dot_stereograms":
        raise AttributeError(
            f"tf.contrib.image.{name} is not part of Headrace: make such pictures with NumPy."
        )
    raise AttributeError(f"module 'tensorflow.contrib.image' (on Headrace) has no attribute {name!r}")


__all__ = [
    "adjust_hsv_in_yiq", "angles_to_projective_transforms", "bipartite_match", "compose_transforms", "connected_components",
    "dense_image_warp", "flat_transforms_to_matrices", "interpolate_spline", "matrices_to_flat_transforms",
    "random_hsv_in_yiq", "rotate", "sparse_image_warp", "transform", "translate", "translations_to_projective_transforms",
]  # fmt: skip
