"""Ragged and sparse tensors at the root of the namespace, and what the public functions do with them.

This module is imported after those that define the public functions, some of which it replaces by versions that take
composite tensors, too."""

from __future__ import annotations

from headrace.core import overrides
from headrace.ragged import rules as _ragged_rules
from headrace.ragged.tensor import RaggedTensor, RaggedTensorSpec

from . import ragged

_ragged_rules.install()
overrides.install()

ROOT = ["RaggedTensor", "RaggedTensorSpec", "ragged"]
__all__ = ROOT
