"""Stands in for `tensorflow.compiler.tf2xla.python.xla`: XLA's ops as TensorFlow functions."""

from headrace.ops.xla import dynamic_slice, dynamic_update_slice

__all__ = ["dynamic_slice", "dynamic_update_slice"]
