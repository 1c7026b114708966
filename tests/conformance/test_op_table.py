"""The op table against TensorFlow's op registry: names and order of inputs and outputs, attribute names and defaults.

Graphs written here are read there because of this."""

from __future__ import annotations

import json
import subprocess

import pytest
from conformance.test_conformance import TF_ENVIRONMENT, tensorflow_python

import headrace as tf
from headrace.core.op import REQUIRED, TABLE, load_all

pytestmark = pytest.mark.conformance

REGISTRY = """
import json, sys
from tensorflow.python.framework import op_def_registry
out = {}
for name in json.load(sys.stdin):
    op = op_def_registry.get(name)
    if op is not None:
        inputs, outputs = [a.name for a in op.input_arg], [a.name for a in op.output_arg]
        defaults = [a.name for a in op.attr if a.HasField("default_value")]
        out[name] = [inputs, outputs, [a.name for a in op.attr], defaults]
print("REGISTRY" + json.dumps(out))
"""

# Ops of our own, which stand for nothing in a GraphDef.
OURS = {
    "CTCLossDense", "ExtractImagePatchesGrad", "ExtractVolumePatchesGrad", "Variance",
    "SparseFeatureCross",  # of 1.x's contrib
    "VariableHandle",  # of a reference, inside functions
}  # fmt: skip
# Attributes that tell TensorFlow's runtime how to execute; they say nothing of the result.
EXECUTION = {"config", "config_proto", "executor_type", "output_shapes", "Tshape"}
# Explicit padding of a max pool's second gradient: TensorFlow's op has no room for it.
ADDED = {("MaxPoolGradGrad", "explicit_paddings")}


@pytest.fixture(scope="module")
def registry():
    load_all()
    assert tf.__name__ == "headrace"
    import os

    run = subprocess.run(
        [tensorflow_python(), "-c", REGISTRY],
        input=json.dumps(sorted(TABLE)),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **TF_ENVIRONMENT},
    )
    return json.loads(run.stdout.split("REGISTRY", 1)[1])


def test_ops_are_those_of_tensorflow(registry):
    unknown = {name for name in TABLE if name not in registry and not name.startswith("_")} - OURS
    assert not unknown


def test_signatures(registry):
    wrong = []
    for name, (inputs, outputs, attrs, _) in registry.items():
        op = TABLE[name]
        mine = ([a.name for a in op.signature.inputs], [a.name for a in op.signature.outputs])
        if mine != (inputs, outputs):
            wrong.append(f"{name}: {mine}, TensorFlow has {(inputs, outputs)}")
        used = {
            a
            for arg in (*op.signature.inputs, *op.signature.outputs)
            for a in (arg.type_attr, arg.number_attr, arg.type_list_attr)
            if a
        }
        extra = ({k for k in op.attrs if not k.startswith("_")} | used) - set(attrs)
        extra -= {attr for owner, attr in ADDED if owner == name}
        if extra:
            wrong.append(f"{name}: attributes {sorted(extra)} are not TensorFlow's, which has {attrs}")
    assert not wrong, "\n".join(wrong)


def test_attributes_with_defaults_can_be_left_out(registry):
    wrong = []
    for name, (_, _, attrs, defaults) in registry.items():
        op = TABLE[name]
        inferred = {
            a
            for arg in op.signature.inputs
            for a in (arg.type_attr, arg.number_attr, arg.type_list_attr)
            if a
        }
        for attr in attrs:
            if attr in inferred or attr in EXECUTION or attr.startswith("_"):
                continue
            if attr not in op.attrs:
                wrong.append(f"{name}: attribute {attr!r} is missing")
            elif attr in defaults and op.attrs[attr] is REQUIRED:
                wrong.append(f"{name}: attribute {attr!r} has a default in TensorFlow")
    assert not wrong, "\n".join(wrong)
