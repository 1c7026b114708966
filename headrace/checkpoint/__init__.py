"""Checkpoints: the values of variables in files, byte for byte as TensorFlow writes and reads them.

`table.py` is the sorted table both formats are made of; `bundle.py` is version 2 (an index and shards of plain bytes),
`slices_v1.py` version 1 (everything in one table); `reader.py` reads either. `directory.py` keeps the `checkpoint` file of a
folder. On these stand the two ways of saving: `saver.py` (variables of a graph by name, in sessions) and `objects.py` with
`manager.py` (trees of objects, eagerly)."""
