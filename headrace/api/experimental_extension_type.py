"""`tf.experimental.extension_type`: functions of extension types."""

from headrace.core.extension import as_dict

__all__ = ["as_dict"]
