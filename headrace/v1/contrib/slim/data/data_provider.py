"""What providers of data have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DataProvider:
    """Gives the items of a data set as tensors.

    Args:
      items_to_tensors: the tensors by name of the item.
      num_samples: how many samples there are."""

    def __init__(self, items_to_tensors: dict[str, Any], num_samples: int | None) -> None:
        self._items_to_tensors, self._num_samples = items_to_tensors, num_samples

    def get(self, items: Sequence[str]) -> list[Any]:
        """The tensors of some items.

        Raises:
          ValueError: `items` is no list, or one is not there."""
        if not isinstance(items, (list, tuple)):
            raise ValueError("items must be a list or tuple")
        for item in items:
            if item not in self._items_to_tensors:
                raise ValueError(f"Item [{item}] is invalid. Valid entries include: {self.list_items()}")
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> list[str]:
        """The names of the items."""
        return list(self._items_to_tensors)

    def num_samples(self) -> int | None:
        """How many samples there are."""
        return self._num_samples
