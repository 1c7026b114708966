"""Programs of TensorFlow 1.x: what they have beyond graphs and sessions.

`root.py` is the module that `import tensorflow` gives them under `headrace run --v1`, `older.py` the names that TensorFlow
itself had dropped before 1.15, `private.py` the private modules that such programs import. `layers/` and `recurrent/` are
`tf.layers` and `tf.nn.rnn_cell`, written on `variable_scope` and `get_variable`; `contrib/` is `tf.contrib`."""
