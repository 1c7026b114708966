"""Graphs from messages: `import_graph_def`, meta graphs, and tools that take graphs apart. (`io/graph_def.py` writes them.)

`reading.py` makes operations of nodes, `attributes.py` values of their attributes. What TensorFlow 1.x's graphs have and we
do not is turned into what we have on the way in: `regions.py` finds the loops and conditionals among Switch, Merge, Enter and
Exit nodes, which become `While` and `If`; `references.py` makes resource variables of those that ops share by reference."""
