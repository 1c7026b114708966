"""What Keras's tests import from the `conftest` at the top of its repository, which its wheel leaves out."""

from __future__ import annotations

from typing import Any

import pytest
from keras.src import backend


def skip_if_backend(given_backend: str, reason: str) -> Any:
    """A mark that skips a test on one backend."""
    return pytest.mark.skipif(backend.backend() == given_backend, reason=reason)
