"""Wide & Deep on people's records: a linear model of crossed features and a net on embeddings, trained together."""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

EDUCATION = ["school", "college", "bachelor", "master", "doctor"]
WORK = ["farming", "sales", "craft", "clerical", "technical", "executive", "transport", "service"]
FAMILY = ["single", "married", "divorced", "widowed"]
FEATURES = ("age", "hours", "gain", "education", "work", "family", "town")


def people(number, seed):
    """Records like a census's, and whether each earns much: by pairs of features, age, hours and where one lives."""
    rng = np.random.RandomState(seed)
    age, hours = rng.uniform(18, 80, number), rng.normal(40, 10, number).clip(5, 90)
    gain = np.where(rng.rand(number) < 0.1, rng.exponential(5000, number), 0)
    education, work, family = (rng.randint(len(words), size=number) for words in (EDUCATION, WORK, FAMILY))
    town = rng.randint(40, size=number)
    good_pair = (education * 3 + work * 5) % 7 < 3  # depends on both at once: a linear model needs the cross
    score = 2.5 * good_pair + 0.05 * (hours - 40) + gain / 4000 + 1.2 * (family == 1) + np.sin(town * 1.7)
    score += 2.0 - np.abs(age - 50) / 10 + rng.normal(0, 0.5, number)
    words = lambda vocabulary, ids: np.array(vocabulary)[ids].astype(object)
    columns = {
        "age": age.astype(np.float32), "hours": hours.astype(np.float32), "gain": gain.astype(np.float32),
        "education": words(EDUCATION, education), "work": words(WORK, work), "family": words(FAMILY, family),
        "town": np.array([f"town {t}" for t in town], object),
    }  # fmt: skip
    return columns, (score > 2.2).astype(np.float32)


def columns():
    """The columns of the linear model, and those of the net."""
    fc = tf.feature_column
    age = fc.numeric_column("age")
    hours = fc.numeric_column("hours", normalizer_fn=lambda x: (x - 40.0) / 10.0)
    gain = fc.numeric_column("gain", normalizer_fn=lambda x: tf.log1p(x) / 5.0)
    ages = fc.bucketized_column(age, [25, 30, 35, 40, 45, 50, 55, 60, 65])
    education = fc.categorical_column_with_vocabulary_list("education", EDUCATION)
    work = fc.categorical_column_with_vocabulary_list("work", WORK)
    family = fc.categorical_column_with_vocabulary_list("family", FAMILY)
    town = fc.categorical_column_with_hash_bucket("town", 100)
    wide = [
        ages, education, work, family, town,
        fc.crossed_column(["education", "work"], 200), fc.crossed_column([ages, "education", "work"], 2000),
    ]  # fmt: skip
    deep = [
        hours, gain, ages, fc.indicator_column(education), fc.indicator_column(work), fc.indicator_column(family),
        fc.embedding_column(town, 6),
    ]  # fmt: skip
    return wide, deep


def build():
    numbers = ("age", "hours", "gain")
    inputs = {name: tf.placeholder(tf.float32 if name in numbers else tf.string, [None]) for name in FEATURES}
    y = tf.placeholder(tf.float32, [None])
    wide, deep = columns()
    with tf.variable_scope("wide"):
        logits = tf.feature_column.linear_model(inputs, wide)
    with tf.variable_scope("deep"):
        x = tf.feature_column.input_layer(inputs, deep)
        for layer, size in enumerate((32, 16, 1)):
            w = tf.get_variable(f"w{layer}", [x.shape[1], size])
            x = tf.matmul(x, w) + tf.get_variable(f"b{layer}", [size], initializer=tf.zeros_initializer())
            x = tf.nn.relu(x) if size > 1 else x
    logits = tf.squeeze(logits + x, axis=1)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
    # As in the paper: the wide part learns by FTRL, the deep one by Adagrad.
    train = tf.group(
        tf.train.FtrlOptimizer(0.2, l1_regularization_strength=0.001).minimize(
            loss, var_list=tf.trainable_variables("wide")
        ),
        tf.train.AdagradOptimizer(0.1).minimize(loss, var_list=tf.trainable_variables("deep")),
    )
    accuracy = tf.reduce_mean(tf.cast(tf.equal(logits > 0, y > 0.5), tf.float32))
    return SimpleNamespace(inputs=inputs, y=y, loss=loss, train=train, accuracy=accuracy)


def fed(net, features, labels, chosen=slice(None)):
    return {**{net.inputs[name]: features[name][chosen] for name in FEATURES}, net.y: labels[chosen]}


def feeds(net, rng):
    """Endless batches to train on."""
    features, labels = people(8000, seed=1)
    while True:
        yield fed(net, features, labels, rng.randint(len(labels), size=128))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net = build()
    batches = feeds(net, np.random.RandomState(0))
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
        for step in range(1, (500 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train], feed_dict=next(batches))
            if step % 100 == 0:
                print(f"step {step}: loss {loss:.4f}")
        features, labels = people(2000, seed=2)
        accuracy = sess.run(net.accuracy, feed_dict=fed(net, features, labels))
    print(f"accuracy {accuracy:.3f} (baseline {max(labels.mean(), 1 - labels.mean()):.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
