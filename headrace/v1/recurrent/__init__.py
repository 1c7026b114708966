"""Recurrent nets of TensorFlow 1.x: cells (`tf.nn.rnn_cell`), and loops of them (`tf.nn.dynamic_rnn` …)."""

from .cell import LayerRNNCell, RNNCell
from .cells import BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell, LSTMStateTuple, MultiRNNCell
from .dynamic import bidirectional_dynamic_rnn, dynamic_rnn, raw_rnn, transpose_batch_time
from .static import static_bidirectional_rnn, static_rnn, static_state_saving_rnn
from .wrappers import DeviceWrapper, DropoutWrapper, ResidualWrapper

CELLS = [
    "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "GRUCell", "LSTMCell", "LSTMStateTuple",
    "MultiRNNCell", "RNNCell", "ResidualWrapper",
]  # fmt: skip
LOOPS = [
    "bidirectional_dynamic_rnn", "dynamic_rnn", "raw_rnn", "static_bidirectional_rnn", "static_rnn",
    "static_state_saving_rnn",
]  # fmt: skip
__all__ = [
    "CELLS", "LOOPS", "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "GRUCell", "LSTMCell",
    "LSTMStateTuple", "LayerRNNCell", "MultiRNNCell", "RNNCell", "ResidualWrapper", "bidirectional_dynamic_rnn",
    "dynamic_rnn", "raw_rnn", "static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn",
    "transpose_batch_time",
]  # fmt: skip
