"""What is different about Keras here, by module: functions that change a module when it has been imported."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from . import keras_batches, keras_saving, keras_steps

AMENDMENTS: dict[str, Callable[[ModuleType], None]] = {
    **dict.fromkeys(keras_saving.SAVING, keras_saving.amend),
    "keras.src.backend.tensorflow.core": keras_steps.amend_core,
    "keras.src.backend.tensorflow.trainer": keras_steps.amend_trainer,
    "keras.src.callbacks.callback_list": keras_steps.amend_callbacks,
    "keras.src.trainers.data_adapters.array_data_adapter": keras_batches.amend,
}
