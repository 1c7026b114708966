"""`tf.saved_model.load` of graphs that sessions saved."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_model import models

import headrace as tf

v1 = tf.compat.v1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    models.write(tf, str(folder))
    return folder


def test_signatures_take_tensors_by_name(folder: Path) -> None:
    line = tf.saved_model.load(folder / "line")
    serve = line.signatures["serving_default"]
    given, shape = serve.structured_input_signature
    assert given == () and shape["x"].shape.as_list() == [None, 3]
    for result in (serve(x=tf.ones([2, 3])), serve(tf.ones([2, 3])), serve(np.ones([2, 3], np.float32))):
        np.testing.assert_allclose(result["y"], [[7.5], [7.5]])
    for wrong in ({}, {"z": tf.ones([1, 3])}, {"x": tf.ones([3])}, {"x": tf.constant(["a"])}):
        with pytest.raises(TypeError):
            serve(**wrong)
    with pytest.raises(TypeError):
        line.signatures["other"] = serve


def test_variables_are_trained(folder: Path) -> None:
    line = tf.saved_model.load(folder / "line")
    serve = line.signatures["serving_default"]
    assert [(v.name, v.trainable) for v in line.variables] == [("w:0", True), ("layer/b:0", True)]

    @tf.function
    def loss() -> Any:
        return tf.reduce_sum(serve(x=tf.ones([1, 3]))["y"] ** 2)

    before = loss().numpy()
    with tf.GradientTape() as tape:
        value = loss()
    for v, g in zip(line.variables, tape.gradient(value, line.variables)):
        v.assign_sub(0.05 * g)
    assert loss().numpy() < before
    line.restore(str(folder / "line" / "variables" / "variables"))
    assert loss().numpy() == before


def test_each_load_has_its_own_variables_and_tables(folder: Path) -> None:
    first, second = (tf.saved_model.load(folder / "words") for _ in range(2))
    first.variables[0].assign(0)
    assert second.variables[0].numpy() == 10
    words = tf.constant(["palmer"])
    assert first.signatures["find"](words)["places"].numpy().tolist() == [2]
    assert sorted(p.asset_path.numpy().decode().rpartition("/")[2] for p in second.asset_paths) == [
        "words.txt",
        "words.txt_1",
    ]


def test_a_signature_keeps_what_it_needs(folder: Path) -> None:
    serve = tf.saved_model.load(folder / "line").signatures["serving_default"]
    gc.collect()
    np.testing.assert_allclose(serve(x=tf.ones([1, 3]))["y"], [[7.5]])


def test_other_tensors_of_the_graph(folder: Path) -> None:
    several = tf.saved_model.load(folder / "several", tags={"serve", "cpu"})
    assert sorted(several.signatures) == ["double", "serving_default"]
    half = several.prune("x:0", "y:0")
    np.testing.assert_allclose(half(tf.ones([1, 2])), [[1.0, 1.8]], rtol=1e-6)
    train = tf.saved_model.load(folder / "several", tags="train")
    step = train.prune(["x:0"], ["train", "loss:0"])
    losses = [step(tf.ones([2]))[1].numpy() for _ in range(4)]
    assert losses[-1] < losses[0] and train.variables[1].numpy() == 5


def test_parts_of_sparse_inputs(folder: Path) -> None:
    f = tf.saved_model.load(folder / "text").signatures["f"]
    out = f(
        s_indices=tf.constant([[0, 1]], tf.int64),
        s_values=tf.constant([1.0]),
        s_dense_shape=tf.constant([2, 3], tf.int64),
        n=tf.constant(3),
    )
    assert out["y"].numpy().tolist() == [[9.0], [1.0]] and out["local"].numpy() == 3.0


def test_without_the_checkpoint(folder: Path) -> None:
    options = tf.saved_model.LoadOptions(experimental_skip_checkpoint=True)
    line = tf.saved_model.load(folder / "line", options=options)
    with pytest.raises(tf.errors.FailedPreconditionError):
        line.signatures["serving_default"](tf.ones([1, 3]))


def test_wrong_input(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        tf.saved_model.load(tmp_path)
    with pytest.raises(RuntimeError, match="available tags"):
        tf.saved_model.load(folder / "line", tags="gpu")
    with pytest.raises(ValueError, match="requires a `tags=` argument"):
        tf.saved_model.load(folder / "several")
    with pytest.raises(TypeError, match="LoadOptions"):
        tf.saved_model.load(folder / "line", options={})
    with tf.Graph().as_default(), pytest.raises(NotImplementedError, match="session"):
        tf.saved_model.load(folder / "line")
    with pytest.raises(NotImplementedError, match="objects"):
        tf.saved_model.save(tf.Module(), tmp_path / "model")
