"""Runs on real TensorFlow: prints its public names and the parameters of its functions as JSON.

    {"version": …, "names": {namespace: [names]}, "names_v1": {…}, "parameters": {name: "a b *c d= **e"}, "parameters_v1": {…}}

`names` goes to a depth of three; `names_v1` is all of `tf.compat.v1`. Parameters by keyword only are written `d=`."""

import inspect
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
# Below tf.compat.v1: what has a surface of its own, and the hardware that only TensorFlow's own runtime drives.
APART_V1 = {"keras", "compat", "estimator", "tpu", "lite", "raw_ops"}


def own(module):
    """Whether a module belongs to the public interface: not one of Python's or of the implementation that leaked into it."""
    try:
        name = module.__name__
    except AttributeError:  # of a package that is not installed
        return False
    return name.startswith("tensorflow.") and not name.startswith("tensorflow.python")


def walk(module, path, depth, out):
    names = []
    for name in sorted(n for n in dir(module) if not n.startswith("_")):
        value = getattr(module, name, None)
        if not isinstance(value, types.ModuleType):
            names.append(name)
        elif depth == 1 and name in APART | OTHERS:
            continue
        elif own(value):
            names.append(name)
            if depth < DEPTH:
                walk(value, [*path, name], depth + 1, out)
    out[".".join(path)] = names
    return out


def walk_v1(module, path, out):
    """As `walk`, but all the way down, and with what a module loads only when it is asked for."""
    names = []
    for name in sorted({*dir(module), *getattr(module, "__all__", ())}):
        if name.startswith("_") or (not path and name in APART_V1):
            continue
        names.append(name)
        value = getattr(module, name, None)
        if isinstance(value, types.ModuleType) and own(value):
            walk_v1(value, [*path, name], out)
    out[".".join(path)] = names
    return out


def parameters(function):
    """`"a b *c d= **e"`, or None where there is no telling."""
    from tensorflow.python.util import tf_inspect

    try:
        spec = tf_inspect.getfullargspec(function)
    except TypeError:
        return None
    words = list(spec.args)
    if spec.varargs:
        words.append("*" + spec.varargs)
    words += [f"{k}=" for k in sorted(spec.kwonlyargs or ())]
    if spec.varkw:
        words.append("**" + spec.varkw)
    if words[:1] in (["self"], ["cls"]):
        del words[0]
    return None if [w[:1] for w in words] == ["*", "*"] else " ".join(words)  # hidden by a decorator


def functions(module, names):
    """The parameters of the functions, constructors and methods of these names. A method that a class inherits is listed once."""
    out, methods = {}, set()
    for space, listed in names.items():
        at = module
        for part in space.split(".") if space else ():
            at = getattr(at, part)
        for name in listed:
            value, full = getattr(at, name, None), f"{space}.{name}" if space else name
            if (
                inspect.isclass(value)
                and not issubclass(value, BaseException)
                and not hasattr(value, "DESCRIPTOR")
            ):
                if value.__init__ is not object.__init__:
                    out[full] = parameters(value.__init__)
                for attribute in sorted(vars(value)):
                    method = getattr(value, attribute, None)
                    mark = id(getattr(method, "__func__", method))
                    if (
                        not attribute.startswith("_")
                        and callable(method)
                        and not inspect.isclass(method)
                        and mark not in methods
                    ):
                        methods.add(mark)
                        out[f"{full}.{attribute}"] = parameters(method)
            elif callable(value) and not inspect.isclass(value):
                out[full] = parameters(value)
    return {name: words for name, words in out.items() if words is not None}


if __name__ == "__main__":
    import tensorflow as tf

    names, older = walk(tf, [], 1, {}), walk_v1(tf.compat.v1, [], {})
    known = functions(tf, names)
    answer = {
        "version": tf.__version__,
        "names": names,
        "names_v1": older,
        "parameters": known,
        "parameters_v1": {k: v for k, v in functions(tf.compat.v1, older).items() if known.get(k) != v},
    }
    json.dump(answer, sys.stdout)
