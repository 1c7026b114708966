"""Whether an applicant repays, from a table of numbers and words: preprocessing layers inside the model.

What the columns need (vocabularies, means, bins) is learnt from the table with `adapt`, and travels with the
model when it is saved: the reloaded model takes raw rows.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

JOBS = ["nurse", "teacher", "driver", "painter", "lawyer", "student"]
RELIABLE = dict(zip(JOBS, [0.9, 1.2, 0.1, -0.6, 0.4, -1.5]))


def table(rows: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = {
        "age": rng.uniform(18, 80, rows).astype("float32"),
        "income": rng.lognormal(10, 0.5, rows).astype("float32"),
        "job": rng.choice(JOBS, rows),
        "loans": rng.integers(0, 5, rows),
    }
    score = np.array([RELIABLE[job] for job in columns["job"]])
    score += 1.5 * (np.log(columns["income"]) - 10) - 0.6 * (columns["loans"] - 2)
    score += np.where(abs(columns["age"] - 45) < 12, 1.0, -0.7)  # not a line: this is what the bins are for
    repaid = (score + rng.logistic(0, 0.3, rows) > 0).astype("int32")
    return {name: column[:, None] for name, column in columns.items()}, repaid


def classifier(columns: dict[str, np.ndarray]) -> keras.Model:
    income = layers.Normalization(axis=None)
    income.adapt(np.log(columns["income"]))
    age = layers.Discretization(num_bins=12, output_mode="one_hot")
    age.adapt(columns["age"])
    job = layers.StringLookup(output_mode="one_hot")
    job.adapt(columns["job"])
    loans = layers.CategoryEncoding(num_tokens=5, output_mode="one_hot")

    inputs = {
        "age": keras.Input((1,), name="age"),
        "income": keras.Input((1,), name="income"),
        "job": keras.Input((1,), dtype="string", name="job"),
        "loans": keras.Input((1,), dtype="int64", name="loans"),
    }
    features = [
        age(inputs["age"]),
        income(keras.ops.log(inputs["income"])),
        job(inputs["job"]),
        loans(inputs["loans"]),
    ]
    x = layers.Concatenate()(features)
    x = layers.Dropout(0.2)(layers.Dense(32, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    columns, repaid = table(2000 if args.quick else 8000, seed=0)
    train = tf.data.Dataset.from_tensor_slices((columns, repaid)).shuffle(len(repaid)).batch(64)
    model = classifier(columns)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    model.fit(train, epochs=4 if args.quick else args.epochs, verbose=2)

    columns, repaid = table(2000, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "applicants.keras")
        model = keras.models.load_model(Path(folder) / "applicants.keras")
    test = tf.data.Dataset.from_tensor_slices((columns, repaid)).batch(256)
    results = model.evaluate(test, return_dict=True, verbose=0)
    print(f"area under the curve: {results['auc']:.3f}")
    usual = max(repaid.mean(), 1 - repaid.mean())
    print(f"accuracy {results['accuracy']:.3f} (baseline {usual:.3f})")


if __name__ == "__main__":
    main()
