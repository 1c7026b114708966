"""A pole kept upright on a cart by REINFORCE: a policy network, rewarded for how long the pole stands.

The physics runs in NumPy, many carts at a time; the policy acts and learns in compiled functions.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

LIMIT = 200  # steps of an episode


class Carts:
    """Independent carts with a pole each: `step` pushes them left (0) or right (1) and says which still stand."""

    def __init__(self, count: int, seed: int):
        self.state = np.random.default_rng(seed).uniform(-0.05, 0.05, (count, 4))

    def step(self, actions: np.ndarray) -> np.ndarray:
        _, speed, angle, spin = self.state.T
        force = np.where(actions == 1, 10.0, -10.0)
        sine, cosine = np.sin(angle), np.cos(angle)
        push = (force + 0.05 * spin**2 * sine) / 1.1  # cart 1 kg, pole 0.1 kg, half a metre to its middle
        turn = (9.8 * sine - cosine * push) / (0.5 * (4 / 3 - 0.1 * cosine**2 / 1.1))
        drive = push - 0.05 * turn * cosine / 1.1
        self.state += 0.02 * np.stack([speed, drive, spin, turn], axis=1)
        return (abs(self.state[:, 0]) < 2.4) & (abs(self.state[:, 2]) < 0.21)


def policy() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), layers.Dense(32, activation="tanh"), layers.Dense(2)])


def play(act, count: int, seed: int):
    """Plays `count` episodes to their ends. States, actions, and which of the carts were still standing."""
    carts, standing = Carts(count, seed), np.ones(count, bool)
    states, actions, alive = [], [], []
    while standing.any() and len(states) < LIMIT:
        state = carts.state.astype("float32")
        action = np.asarray(act(state))
        states.append(state)
        actions.append(action)
        alive.append(standing)
        standing = standing & carts.step(action)
    return np.stack(states), np.stack(actions), np.stack(alive)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    keras.utils.set_random_seed(0)
    model, optimizer = policy(), keras.optimizers.Adam(0.01)

    @tf.function
    def act(states):
        return tf.random.categorical(model(states), 1)[:, 0]

    @tf.function(reduce_retracing=True)
    def learn(states, actions, advantages):
        with tf.GradientTape() as tape:
            surprise = keras.losses.sparse_categorical_crossentropy(actions, model(states), from_logits=True)
            loss = tf.reduce_mean(surprise * advantages)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        )

    def padded(values):
        """As long as the longest episode can be, so that `learn` sees one shape."""
        return np.pad(values, [(0, LIMIT - len(values))] + [(0, 0)] * (values.ndim - 1))

    rng = np.random.default_rng(0)
    for number in range(15 if args.quick else args.rounds):
        states, actions, alive = map(padded, play(act, 32, seed=number))
        returns = np.zeros(alive.shape, "float32")
        for step in reversed(range(LIMIT)):
            returns[step] = alive[step] * (1 + 0.98 * (returns[step + 1] if step + 1 < LIMIT else 0))
        mean, spread = returns[alive].mean(), returns[alive].std() + 1e-6
        advantages = np.where(alive, (returns - mean) / spread, 0).astype("float32")
        learn(states.reshape(-1, 4), actions.reshape(-1), advantages.reshape(-1))
        if number % 5 == 4:
            print(f"round {number + 1}: the pole stands for {alive.sum(axis=0).mean():.0f} steps")

    _, _, alive = play(act, 100, seed=1000)
    _, _, random = play(lambda states: rng.integers(2, size=len(states)), 100, seed=1000)
    print(f"steps {alive.sum(axis=0).mean():.1f} (chance {random.sum(axis=0).mean():.1f})")


if __name__ == "__main__":
    main()
