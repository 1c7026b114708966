"""Graphs from messages: `import_graph_def`, meta graphs, and tools that take graphs apart. (`io/graph_def.py` writes them.)

`reading.py` takes a message, `operations.py` makes operations of its nodes, `attributes.py` values of their attributes. What
TensorFlow 1.x's graphs have and we do not is turned into what we have on the way in: `regions.py` finds the loops among Switch,
Merge, Enter and Exit nodes, which become `While`, and `branches.py` the conditionals, which become `If`; `arrays.py` makes lists
of TensorArrays, `references.py` resource variables of those that ops share by reference.

`meta.py` writes and reads meta graphs; `tools.py` and `freezing.py` cut graphs and make constants of variables."""
