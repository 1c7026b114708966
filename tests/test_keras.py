"""Keras on Headrace: training, and what bad input does. Each test is a process of its own, since Headrace stands in for TensorFlow
there."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])
PRELUDE = """
import headrace
headrace.install()
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(0)
x = np.random.rand(96, 4).astype("float32")
y = x.sum(1, keepdims=True)


def model(**options):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    made.compile(options.pop("optimizer", "adam"), "mse", **options)
    return made


def raises(kind, match, call):
    try:
        call()
    except kind as error:
        assert match in str(error), str(error)
    else:
        raise AssertionError(f"no {kind.__name__}")
"""


def run(code, cwd):
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
        capture_output=True, text=True, cwd=cwd, check=False, env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_ways_of_training(tmp_path):
    run(
        """
        losses = {}
        for name, options in {
            "plain": {}, "jit": {"jit_compile": True}, "eager": {"run_eagerly": True},
            "steps": {"steps_per_execution": 2},
        }.items():
            keras.utils.set_random_seed(1)
            losses[name] = model(**options).fit(x, y, batch_size=32, epochs=3, verbose=0, shuffle=False).history["loss"]
        for name in losses:
            np.testing.assert_allclose(losses[name], losses["plain"], rtol=1e-4, err_msg=name)
        assert losses["plain"][-1] < losses["plain"][0]

        for optimizer in (
            keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
            keras.optimizers.SGD(0.01, use_ema=True),
            keras.optimizers.RMSprop(0.01, clipnorm=1.0),
        ):
            history = model(optimizer=optimizer).fit(x, y, epochs=4, verbose=0).history["loss"]
            assert history[-1] < history[0], optimizer
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_mixed_precision(tmp_path):
    run(
        """
        for policy in ("mixed_bfloat16", "mixed_float16"):
            keras.mixed_precision.set_global_policy(policy)
            made = model()
            assert made.layers[0].compute_dtype == policy.removeprefix("mixed_")
            assert made.layers[0].kernel.dtype == "float32"
            history = made.fit(x, y, epochs=5, verbose=0).history["loss"]
            assert np.isfinite(history).all() and history[-1] < history[0], policy
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_a_train_step_of_its_own(tmp_path):
    run(
        """
        class Mine(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)
                self.total = keras.metrics.Mean(name="loss")

            def call(self, inputs):
                return self.dense(inputs)

            def train_step(self, data):
                inputs, targets = data
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((self(inputs, training=True) - targets) ** 2)
                weights = self.trainable_variables
                self.optimizer.apply(tape.gradient(loss, weights), weights)
                self.total.update_state(loss)
                return {"loss": self.total.result()}

        made = Mine()
        made.compile("sgd")
        history = made.fit(x, y, epochs=5, verbose=0).history["loss"]
        assert history[-1] < history[0]
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_saving_and_damaged_files(tmp_path):
    run(
        """
        import os, pathlib
        made = model()
        made.fit(x, y, verbose=0)
        made.save("model.keras")
        made.save_weights("model.weights.h5")
        again = keras.models.load_model("model.keras")
        np.testing.assert_allclose(again.predict(x, verbose=0), made.predict(x, verbose=0), rtol=1e-5)
        assert again.optimizer.iterations == made.optimizer.iterations
        fresh = model()
        fresh.load_weights("model.weights.h5")
        np.testing.assert_allclose(fresh.predict(x, verbose=0), made.predict(x, verbose=0), rtol=1e-5)

        data = pathlib.Path("model.keras").read_bytes()
        pathlib.Path("cut.keras").write_bytes(data[: len(data) // 2])
        raises(ValueError, "", lambda: keras.models.load_model("cut.keras"))
        pathlib.Path("cut.weights.h5").write_bytes(pathlib.Path("model.weights.h5").read_bytes()[:500])
        raises(OSError, "", lambda: fresh.load_weights("cut.weights.h5"))
        raises(ValueError, "", lambda: keras.models.load_model("none.keras"))

        before = set(os.listdir())
        raises(Exception, "", lambda: made.save("no/such/folder/model.keras"))
        assert set(os.listdir()) == before
        raises(NotImplementedError, "not supported yet", lambda: made.export("exported"))
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_bad_input(tmp_path):
    run(
        """
        raises(ValueError, "incompatible with the layer", lambda: model().fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0))
        raises(ValueError, "cardinality", lambda: model().fit(x, y[:5], verbose=0))
        stop = keras.callbacks.TerminateOnNaN()
        bad = x.copy()
        bad[40] = np.nan
        history = model().fit(bad, y, batch_size=8, epochs=5, verbose=0, shuffle=False, callbacks=[stop]).history
        assert len(history["loss"]) == 1
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_memory_stays_the_same_over_predictions(tmp_path):
    run(
        """
        import os
        made = model()

        def pages():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])

        for _ in range(50):
            made.predict(x, verbose=0)
        before = pages()
        for _ in range(400):
            made.predict(x, verbose=0)
        assert pages() - before < 2000, (before, pages())
        """,
        tmp_path,
    )
