"""TensorBoard's plugins."""

from . import projector

__all__ = ["projector"]
