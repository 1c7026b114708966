"""Keras's TensorBoard callback writes through us."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from headrace.summary.reader import event_files, series

pytestmark = pytest.mark.slow

FIT = """
import sys
import headrace as tf
tf.install()
import keras
import numpy as np
if sys.argv[2] == "embeddings":
    layers = [keras.layers.Input([3], dtype="int32"), keras.layers.Embedding(10, 4), keras.layers.Flatten()]
    x, options = np.zeros([8, 3], np.int32), dict(embeddings_freq=1, embeddings_metadata="words.tsv")
else:
    layers = [keras.layers.Input([4]), keras.layers.Dense(3, activation="relu")]
    x = np.ones([8, 4], np.float32)
    options = dict(histogram_freq=1, write_images=True, write_steps_per_second=True, update_freq=1)

class Logs(keras.layers.Layer):
    def call(self, x):
        tf.summary.scalar("inside", tf.reduce_sum(x))
        return x

model = keras.Sequential([*layers, Logs(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
callback = keras.callbacks.TensorBoard(sys.argv[1], profile_batch=0, **options)
model.fit(x, np.ones([8, 1]), batch_size=4, epochs=2, validation_split=0.5, callbacks=[callback], verbose=0)
"""


def fit(folder, kind):
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    subprocess.run(
        [sys.executable, "-c", FIT, str(folder), kind], check=True, capture_output=True, env=environment
    )


def test_training(tmp_path):
    fit(tmp_path, "training")
    (train,), (validation,) = event_files(tmp_path / "train"), event_files(tmp_path / "validation")
    found = series(train)
    kinds = {tag: s.plugin for tag, s in found.items()}
    assert kinds["keras"] == "graph_keras_model" and kinds["epoch_loss"] == "scalars"
    assert kinds["sequential/dense/kernel/histogram"] == "histograms"
    assert kinds["sequential/dense/kernel/image"] == "images"
    assert found["batch_loss"].steps == [1, 2] and found["epoch_loss"].steps == [0, 1]
    assert any(tag.endswith("inside") for tag in found)
    assert series(validation)["epoch_loss"].steps == [0, 1]


def test_embeddings(tmp_path):
    fit(tmp_path, "embeddings")
    assert "words.tsv" in (tmp_path / "projector_config.pbtxt").read_text()
    assert list((tmp_path / "train").glob("keras_embedding*"))
