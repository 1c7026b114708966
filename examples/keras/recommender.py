"""Films recommended by learning what people and films have in common from the ratings they gave."""

import argparse

import keras
import numpy as np
from keras import layers, ops

PEOPLE, FILMS, TASTES = 400, 300, 4


def ratings(count: int, seed: int = 0):
    """Who rated what, and how (0 to 1): by a few hidden tastes, how good the film is, and a mood."""
    rng = np.random.default_rng(seed)
    people, films = rng.normal(0, 1, (PEOPLE, TASTES)), rng.normal(0, 1, (FILMS, TASTES))
    person, film = rng.integers(PEOPLE, size=count), rng.integers(FILMS, size=count)
    score = (people[person] * films[film]).sum(axis=1) + rng.normal(0, 1, FILMS)[film]
    stars = 1 / (1 + np.exp(-score - rng.normal(0, 0.3, count)))
    return np.stack([person, film], axis=1), stars.astype("float32")


class Recommender(keras.Model):
    """The dot product of a person's and a film's vectors, plus how generous the one and how good the other is."""

    def __init__(self, width: int = 8):
        super().__init__()
        table = {"embeddings_initializer": "he_normal", "embeddings_regularizer": keras.regularizers.L2(1e-6)}
        self.person, self.film = (
            layers.Embedding(PEOPLE, width, **table),
            layers.Embedding(FILMS, width, **table),
        )
        self.generosity, self.quality = layers.Embedding(PEOPLE, 1), layers.Embedding(FILMS, 1)

    def call(self, pairs):
        person, film = pairs[:, 0], pairs[:, 1]
        match = ops.sum(self.person(person) * self.film(film), axis=1, keepdims=True)
        return ops.sigmoid(match + self.generosity(person) + self.quality(film))

    def recommend(self, person: int, count: int = 5) -> np.ndarray:
        pairs = np.stack([np.full(FILMS, person), np.arange(FILMS)], axis=1)
        return np.argsort(-self.predict(pairs, batch_size=FILMS, verbose=0)[:, 0])[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    pairs, stars = ratings(30_000)
    (train_pairs, test_pairs), (train_stars, test_stars) = (
        np.split(pairs, [27_000]),
        np.split(stars, [27_000]),
    )
    model = Recommender()
    model.compile(
        keras.optimizers.Adam(5e-3), "mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")]
    )
    stop = keras.callbacks.EarlyStopping("val_rmse", patience=2, restore_best_weights=True)
    model.fit(
        train_pairs,
        train_stars,
        batch_size=256,
        epochs=5 if args.quick else args.epochs,
        validation_split=0.1,
        callbacks=[stop],
        verbose=2,
    )
    print("person 7 may like films", *model.recommend(7))
    error = model.evaluate(test_pairs, test_stars, batch_size=500, return_dict=True, verbose=0)["rmse"]
    print(f"error {error:.3f} (baseline {test_stars.std():.3f})")


if __name__ == "__main__":
    main()
