"""What is different about Keras's loops here: batches of arrays come from one plan, steps run ahead, what follows a step comes
after the next one was called."""

import pytest
from test_keras import run

BIG = """
rng = np.random.default_rng(0)
big = rng.normal(size=(1100, 256)).astype("float32")
label = rng.integers(0, 10, 1100)


def network(**options):
    keras.utils.set_random_seed(3)
    made = keras.Sequential([keras.Input((256,)), keras.layers.Dense(512, "relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile(options.pop("optimizer", "adam"), loss, metrics=["accuracy"], **options)
    return made


from headrace.compiler import ahead

ahead.WORTH = -1.0  # every compiled step is taken for a long one
"""


@pytest.mark.slow
def test_batches_are_those_of_the_pipeline(tmp_path):
    run(
        """
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

        ours = ArrayDataAdapter.get_tf_dataset
        n = 10
        floats = np.arange(n * 3, dtype="float64").reshape(n, 3)
        large = np.random.default_rng(0).normal(size=(n, 40_000)).astype("float32")
        cases = [
            (floats,), (floats.astype("float16"), floats[:, 0].astype("uint8")), (floats > 4, floats[:, 0], floats[:, 1]),
            ({"a": floats, "b": [floats[:, :1], tf.constant(floats)]}, floats.astype("int64")),
            (large[:, ::2], large.T.copy().T), (large, None, floats[:, 0]),
            (np.array([str(i) for i in range(n)], dtype=object), floats), (floats.astype(">f4"),), (floats + 1j,),
            (tf.RaggedTensor.from_row_lengths(np.arange(n * 2), [2] * n), floats),
            (tf.sparse.from_dense(floats),),
        ]
        try:
            import pandas
        except ImportError:
            pass
        else:
            cases.append((pandas.DataFrame({"p": floats[:, 0], "q": floats[:, 1]}), pandas.Series(floats[:, 2])))


        def leaves(batch):
            flat = tf.nest.flatten(batch, expand_composites=True)
            return [(t.dtype, t.numpy().tolist()) for t in flat if t is not None]


        for inputs in cases:
            for size in (3, 5, 32):
                for shuffle in (False, True):
                    x, y, w = (*inputs, None, None)[:3]
                    both = []
                    for make in (ours, ours.__wrapped__):
                        adapter = ArrayDataAdapter(x, y=y, sample_weight=w, batch_size=size, shuffle=shuffle)
                        tf.random.set_seed(5)
                        dataset = make(adapter)
                        epochs = [[leaves(batch) for batch in dataset] for _ in range(2)]
                        both.append((dataset.element_spec, int(dataset.cardinality()), epochs))
                    (spec, count, epochs), (their_spec, _, their_epochs) = both
                    assert spec == their_spec, (spec, their_spec)
                    assert epochs == their_epochs
                    assert count == len(epochs[0]) or (count == tf.data.UNKNOWN_CARDINALITY and inputs is not cases[0])

        # Batches are copies; the arrays are not.
        changing = np.zeros((4, 30_000), "float32")
        adapter = ArrayDataAdapter(changing, batch_size=2)
        dataset = ours(adapter)
        first = next(iter(dataset))[0]
        changing += 1
        assert first.numpy().max() == 0 and next(iter(dataset))[0].numpy().min() == 1

        # Rows are picked from contiguous arrays: NumPy would copy others as a whole for every batch.
        shuffled = ours(ArrayDataAdapter(np.zeros((8, 5), "float32").T, batch_size=2, shuffle=True))
        assert all(a.flags.c_contiguous for a in shuffled._plan.source.arrays)
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_steps_that_run_ahead_are_the_same_steps(tmp_path):
    run(
        BIG
        + """
def results(worth):
    ahead.WORTH = worth
    made = network()
    history = made.fit(big, label, batch_size=64, epochs=2, verbose=0, validation_split=0.2).history
    evaluated = made.evaluate(big, label, batch_size=100, verbose=0)
    return history, evaluated, made.predict(big, batch_size=70, verbose=0), made.get_weights()


one, other = results(-1.0), results(1e9)
assert one[0] == other[0] and one[1] == other[1] and (one[2] == other[2]).all()
assert all((a == b).all() for a, b in zip(one[3], other[3]))
""",
        tmp_path,
    )


@pytest.mark.slow
def test_callbacks(tmp_path):
    run(
        BIG
        + """
trace = []


class Tracing(keras.callbacks.Callback):
    async_safe = False

    def on_train_batch_begin(self, batch, logs=None):
        trace.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        trace.append(("end", batch, sorted(logs), int(self.model.optimizer.iterations)))


made = network()
made.fit(big, label, batch_size=220, verbose=0, callbacks=[Tracing()])
expected = []
for k in range(5):  # a callback that has not said that it may come later comes at once
    expected += [("begin", k), ("end", k, ["accuracy", "loss"], k + 1)]
assert trace == expected, trace

late = []


class Late(keras.callbacks.Callback):
    async_safe = True

    def on_train_batch_begin(self, batch, logs=None):
        late.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        late.append(("end", batch, isinstance(logs["loss"], float)))

    def on_test_begin(self, logs=None):
        late.append(("test",))


made.fit(big, label, batch_size=220, epochs=2, verbose=0, callbacks=[Late()], validation_data=(big, label))
steps = [e for e in late if e[0] == "end"]
assert steps == [("end", k, True) for k in range(5)] * 2
assert late[:4] == [("begin", 0), ("begin", 1), ("end", 0, True), ("begin", 2)], late[:4]
assert late[10:12] == [("test",), ("begin", 0)] and late[9] == ("end", 4, True)


class Failing(keras.callbacks.Callback):
    async_safe = True

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            raise KeyError("from the callback")


raises(KeyError, "from the callback", lambda: made.fit(big, label, batch_size=220, verbose=0, callbacks=[Failing()]))


class Evaluating(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["again"] = self.model.evaluate(big, label, batch_size=500, verbose=0)[0]


history = made.fit(big, label, batch_size=110, epochs=2, verbose=0, callbacks=[Evaluating()]).history
assert history["again"][1] < history["again"][0]

wrong = label.copy()
wrong[700] = 10
for call in (made.fit, made.evaluate):
    raises(tf.errors.InvalidArgumentError, "label", lambda: call(big, wrong, batch_size=100, verbose=0))
assert np.isfinite(made.predict(big, verbose=0)).all()
""",
        tmp_path,
    )
