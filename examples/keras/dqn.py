"""Deep Q-learning: catch what falls. A convolutional network sees the board and learns which way to go.

Replay memory, a target network that follows slowly, and a compiled update with Double DQN.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HEIGHT, WIDTH, MOVES = 8, 7, 3
DISCOUNT = 0.95


class Catch:
    """Boards on which a ball falls, swerving; the paddle below moves left, stays or moves right."""

    def __init__(self, boards: int, seed: int):
        self.rng = np.random.default_rng(seed)
        self.row = np.zeros(boards, int)
        self.ball, self.paddle = self.rng.integers(WIDTH, size=(2, boards))

    def view(self) -> np.ndarray:
        board = np.zeros((len(self.row), HEIGHT, WIDTH, 1), "float32")
        every = np.arange(len(self.row))
        board[every, self.row, self.ball] = 1
        board[every, HEIGHT - 1, self.paddle] = -1
        return board

    def step(self, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rewards (1 for a ball caught, -1 for one missed) and which boards begin again."""
        self.paddle = np.clip(self.paddle + moves - 1, 0, WIDTH - 1)
        self.row = self.row + 1
        self.ball = np.clip(
            self.ball + self.rng.integers(-1, 2, len(self.ball)) * (self.row < 4), 0, WIDTH - 1
        )
        done = self.row == HEIGHT - 1
        reward = np.where(done, np.where(self.ball == self.paddle, 1.0, -1.0), 0.0).astype("float32")
        self.row = np.where(done, 0, self.row)
        self.ball = np.where(done, self.rng.integers(WIDTH, size=len(done)), self.ball)
        return reward, done.astype("float32")


def q_network() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((HEIGHT, WIDTH, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(MOVES),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    steps = 400 if args.quick else args.steps

    keras.utils.set_random_seed(0)
    online, target, optimizer = q_network(), q_network(), keras.optimizers.Adam(1e-3)
    target.set_weights(online.get_weights())

    @tf.function
    def best(views):
        return tf.argmax(online(views), axis=1)

    @tf.function
    def update(views, moves, rewards, later, done):
        chosen = tf.one_hot(tf.argmax(online(later), axis=1), MOVES)
        future = tf.reduce_sum(chosen * target(later), axis=1)
        wanted = rewards + DISCOUNT * (1 - done) * future
        with tf.GradientTape() as tape:
            valued = tf.reduce_sum(tf.one_hot(moves, MOVES) * online(views), axis=1)
            loss = tf.reduce_mean(keras.losses.huber(wanted, valued))
        variables = online.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        for slow, fast in zip(target.trainable_variables, variables):
            slow.assign_add(0.02 * (fast - slow))
        return loss

    rng = np.random.default_rng(0)
    game, memory, boards = Catch(16, seed=0), [], 16
    views = game.view()
    for step in range(steps):
        explore = rng.random(boards) < max(0.05, 1 - 2 * step / steps)
        moves = np.where(explore, rng.integers(MOVES, size=boards), best(views))
        rewards, done = game.step(moves)
        memory.append((views, moves, rewards, views := game.view(), done))
        memory = memory[-500:]
        if step >= 20:
            drawn = [memory[i] for i in rng.integers(len(memory), size=4)]
            loss = update(*(np.concatenate(column) for column in zip(*drawn)))
        if step % 100 == 99:
            print(f"step {step + 1}: loss {float(loss):.4f}")

    test, caught = Catch(200, seed=1), []
    random, luck = Catch(200, seed=1), []
    for _ in range(5 * (HEIGHT - 1)):
        for game, moves, results in (
            (test, best(test.view()), caught),
            (random, rng.integers(3, size=200), luck),
        ):
            rewards, done = game.step(np.asarray(moves))
            results.extend(rewards[done == 1] > 0)
    print(f"caught {np.mean(caught):.3f} (chance {np.mean(luck):.3f})")


if __name__ == "__main__":
    main()
