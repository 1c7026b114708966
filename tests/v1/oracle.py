"""Runs the cases of one file on the `tensorflow` that this process has, and prints what came out as JSON.

    python tests/v1/oracle.py tests/v1/cases/layers.py > tests/v1/recorded/layers.json      # with TensorFlow 1.15
    headrace run --v1 tests/v1/oracle.py tests/v1/cases/layers.py                           # what the tests do

A case is a function of `tf` that builds a graph and returns what to fetch: a list of tensors, or a function of a session
that returns values. All variables get values that depend on their names only, so that both sides compute with the same."""

import importlib.util
import json
import re
import sys
import zlib

import numpy as np


def value_of(name, shape, dtype):
    rng = np.random.RandomState(zlib.crc32(name.encode()))
    if "variance" in name:
        return rng.uniform(0.5, 1.5, shape).astype(dtype)
    return rng.uniform(-0.5, 0.5, shape).astype(dtype)


def plain(x):
    if hasattr(x, "_fields"):
        return [plain(getattr(x, f)) for f in x._fields]
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, bytes):
        return x.decode()
    if x is None or isinstance(x, str):
        return x
    x = np.asarray(x)
    if x.dtype.kind == "f":
        flat = [float(f"{v:.7g}") for v in x.ravel()]
    else:
        flat = [v.decode() if isinstance(v, bytes) else v for v in x.ravel().tolist()]
    return {
        "dtype": x.dtype.name if x.dtype.kind != "O" else "object",
        "shape": list(x.shape),
        "values": flat,
    }


def run(tf, case):
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        fetches = case(tf)
        found = tf.global_variables()
        with tf.Session() as sess:
            sess.run(
                [tf.global_variables_initializer(), tf.local_variables_initializer(), tf.tables_initializer()]
            )
            for v in found:
                dtype = v.dtype.base_dtype.as_numpy_dtype
                if v.dtype.base_dtype.is_floating and not re.search(
                    "power|Adam|Momentum|learning_rate", v.name
                ):
                    v.load(value_of(v.name, v.get_shape().as_list(), dtype), sess)
            if callable(fetches):
                values = fetches(sess)
            else:
                values = sess.run(fetches)
        return {
            "variables": [[v.name, v.get_shape().as_list()] for v in found],
            "trainable": [v.name for v in tf.trainable_variables()],
            "regularization_losses": len(tf.get_collection("regularization_losses")),
            "values": plain(values),
        }


def main(path):
    import tensorflow as tf

    spec = importlib.util.spec_from_file_location("cases", path)
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    tf.logging.set_verbosity(tf.logging.ERROR)
    results = {}
    for name, case in sorted(vars(cases).items()):
        if callable(case) and not name.startswith("_") and getattr(case, "__module__", "") == "cases":
            try:
                results[name] = run(tf, case)
            except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
                results[name] = {"error": f"{type(error).__name__}: {error}"}
    print("{" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items()) + "}")


if __name__ == "__main__":
    main(sys.argv[1])
