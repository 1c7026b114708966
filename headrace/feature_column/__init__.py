"""Feature columns: what to do with each feature of an example before a model sees it, written down as values.

`base.py` has the interface of a column, `older.py` that of 1.x (which every column answers through the newer one), `cache.py`
what computes columns from a dict of features, once each. The columns: `numeric.py`, `categorical.py`, `vocabulary.py`,
`crossed.py`, `embedding.py`, `sequence.py`. `layers.py` makes models' inputs and linear models of them, `parsing.py` what
`tf.io.parse_example` must be told, `serialization.py` configurations."""
