"""`tf.saved_model.SaveOptions`, `LoadOptions`, and what they choose from."""

from __future__ import annotations

import enum
from typing import Any


class VariablePolicy(enum.Enum):
    """What a saved model remembers of its variables besides their values."""

    NONE = None
    SAVE_VARIABLE_DEVICES = "save_variable_devices"
    EXPAND_DISTRIBUTED_VARIABLES = "expand_distributed_variables"

    @staticmethod
    def from_obj(obj: Any) -> VariablePolicy:
        """The policy of that name (in any case); None is `NONE`.

        Raises:
          ValueError: there is none.
        """
        if obj is None or isinstance(obj, VariablePolicy):
            return obj or VariablePolicy.NONE
        for policy in VariablePolicy:
            if str(obj).lower() == policy.value:
                return policy
        raise ValueError(f"Received invalid VariablePolicy value: {obj}.")


class SaveOptions:
    """How `tf.saved_model.save` saves; what is not given has TensorFlow's defaults.

    Raises:
      TypeError, ValueError: a value is none of those that the option has.
    """

    __slots__ = (
        "experimental_custom_gradients", "experimental_debug_stripper", "experimental_image_format",
        "experimental_io_device", "experimental_sharding_callback", "experimental_skip_saver",
        "experimental_variable_policy", "extra_tags", "function_aliases", "namespace_whitelist", "save_debug_info",
    )  # fmt: skip

    def __init__(
        self, namespace_whitelist: list[str] | None = None, save_debug_info: bool = False,
        function_aliases: dict[str, Any] | None = None, experimental_debug_stripper: bool = False,
        experimental_io_device: str | None = None, experimental_variable_policy: Any = None,
        experimental_custom_gradients: bool = True, experimental_image_format: bool = False,
        experimental_skip_saver: bool = False, experimental_sharding_callback: Any = None, extra_tags: Any = None,
    ) -> None:  # fmt: skip
        if namespace_whitelist is not None and not isinstance(namespace_whitelist, list):
            raise TypeError(f"`namespace_whitelist` must be a list of strings. Got: {namespace_whitelist!r}.")
        if not all(isinstance(n, str) for n in namespace_whitelist or ()):
            raise ValueError(f"Whitelisted namespaces must be strings. Got: {namespace_whitelist!r}.")
        if experimental_image_format:
            raise ValueError("The option `experimental_image_format` is not part of the open source.")
        if experimental_sharding_callback is not None:
            raise ValueError(
                "There are no sharding callbacks here: leave `experimental_sharding_callback` out."
            )
        self.namespace_whitelist = namespace_whitelist
        self.save_debug_info = save_debug_info
        self.function_aliases = function_aliases or {}
        self.experimental_debug_stripper = experimental_debug_stripper
        self.experimental_io_device = experimental_io_device
        self.experimental_variable_policy = VariablePolicy.from_obj(experimental_variable_policy)
        self.experimental_custom_gradients = experimental_custom_gradients
        self.experimental_image_format = experimental_image_format
        self.experimental_skip_saver = experimental_skip_saver
        self.experimental_sharding_callback = experimental_sharding_callback
        self.extra_tags = extra_tags


class LoadOptions:
    """How `tf.saved_model.load` loads; what is not given has TensorFlow's defaults.

    Raises:
      ValueError: there is no such variable policy.
    """

    __slots__ = (
        "allow_partial_checkpoint", "experimental_io_device", "experimental_load_function_aliases",
        "experimental_skip_checkpoint", "experimental_variable_policy",
    )  # fmt: skip

    def __init__(
        self, allow_partial_checkpoint: bool = False, experimental_io_device: str | None = None,
        experimental_skip_checkpoint: bool = False, experimental_variable_policy: Any = None,
        experimental_load_function_aliases: bool = False,
    ) -> None:  # fmt: skip
        self.allow_partial_checkpoint = allow_partial_checkpoint
        self.experimental_io_device = experimental_io_device
        self.experimental_skip_checkpoint = experimental_skip_checkpoint
        self.experimental_variable_policy = VariablePolicy.from_obj(experimental_variable_policy)
        self.experimental_load_function_aliases = experimental_load_function_aliases


__all__ = ["LoadOptions", "SaveOptions", "VariablePolicy"]
