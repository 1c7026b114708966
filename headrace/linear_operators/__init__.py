"""`tf.linalg.LinearOperator`: matrices known by what they do.

`base.py` has what all of them share, computed of the dense matrix; `matrices.py` and `structured.py` hold kinds of matrices,
`composed.py` and `blocks.py` those made of others. Each kind says its shape and its product, and whatever else it knows
a shorter way to."""
