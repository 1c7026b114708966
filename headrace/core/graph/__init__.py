"""Graphs: operations in program order, each with inputs, attributes and outputs.

operation.py     a node, and the user's line that made it
names.py         what nodes are called, and finding them by their names
surroundings.py  what nodes take from where they are made: dependencies, devices, gradients
graph.py         `Graph`: TensorFlow's dataflow graph
function.py      `FuncGraph`: the body of a function, with inputs, outputs and what it captures from outside
current.py       the graph being built, and its name scope"""

from .current import current_scope, get_default_graph, name_scope
from .function import FuncGraph, graph_output, trace_body
from .graph import CONST, PLACEHOLDER, Graph
from .operation import Operation, user_site

__all__ = [
    "CONST",
    "PLACEHOLDER",
    "FuncGraph",
    "Graph",
    "Operation",
    "current_scope",
    "get_default_graph",
    "graph_output",
    "name_scope",
    "trace_body",
    "user_site",
]
