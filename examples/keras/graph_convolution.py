"""Which community does a person belong to? A graph convolution network, told of only a few of them.

The layer sends along the edges of a sparse graph: a gather at one end, a segment sum at the other.
"""

import argparse

import keras
import numpy as np
from keras import layers, ops

PEOPLE, COMMUNITIES, FEATURES = 600, 4, 12


def acquaintances(seed: int = 0):
    """Communities, weak hints of them in each person's features, and who knows whom (mostly within one)."""
    rng = np.random.default_rng(seed)
    community = rng.integers(COMMUNITIES, size=PEOPLE)
    hints = rng.normal(0, 1, (COMMUNITIES, FEATURES))
    features = (hints[community] + rng.normal(0, 3, (PEOPLE, FEATURES))).astype("float32")
    likely = np.where(community[:, None] == community, 0.04, 0.004)
    edges = np.argwhere(np.triu(rng.random((PEOPLE, PEOPLE)) < likely, 1))
    loops = np.repeat(np.arange(PEOPLE), 2).reshape(-1, 2)
    return community, features, np.concatenate([edges, edges[:, ::-1], loops])


class GraphConvolution(layers.Layer):
    """Each node gets the mean, weighted by degree, of what its neighbours are, transformed."""

    def __init__(self, units: int, edges: np.ndarray, activation=None):
        super().__init__()
        self.source, self.target = edges.T
        degree = np.bincount(self.target, minlength=PEOPLE).astype("float32")
        self.weight = 1 / np.sqrt(degree[self.source] * degree[self.target])[:, None]
        self.dense = layers.Dense(units, use_bias=False)
        self.activation = keras.activations.get(activation)

    def call(self, nodes):
        sent = ops.take(self.dense(nodes), self.source, axis=0) * self.weight
        return self.activation(ops.segment_sum(sent, self.target, num_segments=PEOPLE))


def network(edges: np.ndarray) -> keras.Model:
    nodes = keras.Input(batch_shape=(PEOPLE, FEATURES))
    x = layers.Dropout(0.3)(nodes)
    x = GraphConvolution(32, edges, "relu")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(nodes, GraphConvolution(COMMUNITIES, edges, "softmax")(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    community, features, edges = acquaintances()
    told = np.random.default_rng(1).random(PEOPLE) < 0.1
    model = network(edges)
    model.compile(
        keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"]
    )
    model.fit(
        features,
        community,
        sample_weight=told.astype("float32"),  # the whole graph is one batch; few of its nodes have a label
        batch_size=PEOPLE,
        shuffle=False,
        epochs=60 if args.quick else args.epochs,
        verbose=0,
    )
    guesses = model.predict(features, batch_size=PEOPLE, verbose=0).argmax(axis=1)
    right = (guesses == community)[~told].mean()
    print(f"{told.sum()} of {PEOPLE} people told, {len(edges) - PEOPLE} edges")
    print(f"accuracy {right:.3f} (chance {1 / COMMUNITIES:.3f})")


if __name__ == "__main__":
    main()
