"""`tf.data`: input pipelines.

    tf.data.Dataset (dataset.py …)  ──► a dataset op (ops/iterators.py)  ──► a plan (plans.py and its parts)
                                                                                │ start()
                                                                                ▼
                                     tf.data.Iterator (iterator.py)  ◄──  Python iterators of elements

A *plan* says what to iterate over; nothing runs before `start()`. An *element* is a tuple of leaves: eager tensors, or composites
(ragged and sparse tensors, datasets); structures (dicts, tuples …) exist only in the public classes. Where elements can be looked
up by their number, a plan also offers `rows()`: then shuffling, repeating and batching work on vectors of numbers, and a batch
is one `take` of each array."""
