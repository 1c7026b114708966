"""What decoders have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DataDecoder:
    """Base of decoders: `decode` makes items of data, `list_items` says which."""

    def decode(self, data: Any, items: Sequence[str] | None) -> list[Any]:
        """The tensors of some items."""
        raise NotImplementedError(f"{type(self).__name__}.decode")

    def list_items(self) -> list[str]:
        """The names of the items."""
        raise NotImplementedError(f"{type(self).__name__}.list_items")
