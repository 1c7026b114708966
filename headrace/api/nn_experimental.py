"""`tf.nn.experimental`."""

from headrace.api.nn_dropout import general_dropout, stateless_dropout

__all__ = ["general_dropout", "stateless_dropout"]
