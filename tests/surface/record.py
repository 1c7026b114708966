"""Runs on real TensorFlow: prints its public names as JSON, {namespace: [names]}, to a depth of three."""

import json
import sys
import types

DEPTH = 3
APART = {"keras", "compat"}  # a package of its own; another interface
OTHERS = {
    "estimator",
    "raw_ops",
    "dtensor",
    "security",
    "tools",
}  # gone since 2.16; see conformance; not of the interface


def walk(module, path, depth, out):
    names = []
    for name in sorted(n for n in dir(module) if not n.startswith("_")):
        value = getattr(module, name, None)
        if not isinstance(value, types.ModuleType):
            names.append(name)
        elif depth == 1 and name in APART | OTHERS:
            continue
        elif value.__name__.startswith("tensorflow.") and not value.__name__.startswith("tensorflow.python"):
            names.append(name)
            if depth < DEPTH:
                walk(value, [*path, name], depth + 1, out)
    out[".".join(path)] = names
    return out


if __name__ == "__main__":
    import tensorflow

    json.dump({"version": tensorflow.__version__, "names": walk(tensorflow, [], 1, {})}, sys.stdout)
