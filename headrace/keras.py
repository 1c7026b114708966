"""`headrace.keras`, and `tf.keras`: the `keras` package, unmodified, running on Headrace.

Importing this module gives the package itself: `headrace.keras is keras`."""

from __future__ import annotations

import os
import sys
from types import ModuleType

from headrace.hook import install


def load() -> ModuleType:
    """The `keras` package with Headrace under it.

    Raises:
      ImportError: Keras is not installed.
      RuntimeError: the real TensorFlow was imported before, or Keras runs on another backend.
    """
    install()
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import keras
    except ModuleNotFoundError as error:
        if error.name != "keras":
            raise
        raise ImportError("Keras is not installed. Install it with: pip install 'headrace[keras]'") from None
    if keras.config.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras runs on its {keras.config.backend()!r} backend in this process, not on Headrace. Set "
            "KERAS_BACKEND=tensorflow (or unset it) before Keras is imported."
        )
    return keras


sys.modules[__name__] = load()
