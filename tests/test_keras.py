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
def test_a_failed_save_leaves_the_last_good_file(tmp_path):
    run(
        """
        import os

        class Fragile(keras.layers.Layer):
            broken = False

            def build(self, shape):
                self.w = self.add_weight(shape=(3,))

            def call(self, x):
                return x

            def save_own_variables(self, store):
                if Fragile.broken:
                    raise OSError("disk full")
                super().save_own_variables(store)

        m = model()
        m.add(Fragile())
        m.build((None, 4))
        saves = {"m.keras": m.save, "m.weights.h5": m.save_weights}
        for name, save in saves.items():
            save(name)
            os.chmod(name, 0o640)
        os.symlink("m.keras", "link.keras")
        good = {name: open(name, "rb").read() for name in saves}

        Fragile.broken = True
        for name, save in saves.items():
            raises(OSError, "disk full", lambda: save(name))
            raises(OSError, "disk full", lambda: save("new_" + name))
            assert open(name, "rb").read() == good[name]
        assert sorted(os.listdir()) == ["link.keras", "m.keras", "m.weights.h5"]

        Fragile.broken = False
        m.get_layer(index=0).kernel.assign_add(np.ones((4, 8), "float32"))
        m.save("link.keras")  # the file that the link names
        assert os.path.islink("link.keras") and open("m.keras", "rb").read() != good["m.keras"]
        assert os.stat("m.keras").st_mode & 0o777 == 0o640
        m.save_weights("parts.weights.json", max_shard_size=1)
        assert {"parts.weights.json", "parts_00000.weights.h5"} < set(os.listdir())
        m.load_weights("parts.weights.json")
        raises(ValueError, "must end in `.weights.h5`. Received: filepath=x.h5", lambda: m.save_weights("x.h5"))
        raises(OSError, "No such file", lambda: m.save("nowhere/x.keras"))
        """,
        tmp_path,
    )


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

        from headrace.compiler import ahead

        for worth in (ahead.WORTH, -1.0):  # in the calling thread, and ahead of it
            ahead.WORTH = worth
            for _ in range(50):
                made.predict(x, verbose=0)
            before = pages()
            for _ in range(5000):
                made.predict(x, verbose=0)
            assert pages() - before < 2000, (before, pages())
        """,
        tmp_path,
    )


SEEDED = """
import keras, numpy as np, tensorflow as tf
from keras import layers, ops

keras.utils.set_random_seed(3)
x = np.arange(40, dtype="float32")[:, None]
orders = []


class Order(keras.Model):
    def call(self, x):
        return x

    def train_step(self, data):
        orders.append(data[0].numpy()[:, 0].astype(int).tolist())
        return {"loss": 0.0}


model = Order()
model.compile("sgd", "mse", run_eagerly=True)
model.fit(x, x, batch_size=40, epochs=2, verbose=0)
assert orders[0] == orders[1] and orders[0][:5] == [31, 11, 16, 1, 13], orders  # TensorFlow's

# what TensorFlow takes and we once refused
y = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
np.testing.assert_allclose(tf.function(lambda: ops.associative_scan(ops.add, y))(), y.cumsum(0), rtol=1e-5, atol=1e-5)
tf.function(lambda: ops.argpartition(y, 2, 1))()
encoded = layers.CategoryEncoding(5, output_mode="multi_hot")(tf.sparse.from_dense([[1, 2], [4, 0]]))
assert encoded.numpy().tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 0, 1]]
words = layers.TextVectorization(output_mode="multi_hot", vocabulary=["a", "b"])
assert words(["a", ""]).numpy().tolist() == [[0, 1, 0], [0, 0, 0]]
for rule in ("adam", "adagrad", "rmsprop"):  # gradients of embeddings are rows
    model = keras.Sequential([keras.Input((4,), dtype="int32"), layers.Embedding(9, 3), layers.Flatten(), layers.Dense(1)])
    model.compile(rule, "mse")
    assert np.isfinite(model.fit(np.arange(32).reshape(8, 4) % 9, np.ones((8, 1)), verbose=0).history["loss"]).all()

# one step of Adam moves each weight by the learning rate, however often its feature occurs
inputs = keras.Input((3,), sparse=True)
model = keras.Model(inputs, layers.Dense(2, use_bias=False)(inputs))
model.compile(keras.optimizers.Adam(0.01), "mse")
before = model.get_weights()[0]
features = tf.sparse.from_dense([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
model.fit(tf.data.Dataset.from_tensors((features, np.full((2, 2), 9.0, "float32"))), verbose=0)
np.testing.assert_allclose(model.get_weights()[0] - before, [[0.01] * 2, [0.0] * 2, [0.01] * 2], atol=1e-4)

model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
model.compile("sgd", "mse")
try:
    model.fit(np.ones((8, 5)), np.ones((8, 2)), verbose=0)
except ValueError as error:
    assert str(error).startswith("Exception encountered when calling"), error
"""


def test_as_tensorflow_in_the_details(tmp_path):
    run(SEEDED, tmp_path)
