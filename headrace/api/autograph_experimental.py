"""`tf.autograph.experimental`."""

from headrace.compiler.autograph import Feature, do_not_convert, set_loop_options

__all__ = ["Feature", "do_not_convert", "set_loop_options"]
