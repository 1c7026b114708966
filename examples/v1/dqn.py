"""Deep Q-learning: catch what falls. Replay memory, and a target network that is copied over now and then."""

import argparse
import collections
import random
from types import SimpleNamespace

import numpy as np
import tensorflow.compat.v1 as tf

HEIGHT, WIDTH, MOVES, DISCOUNT = 8, 7, 3, 0.95


class Catch:
    """A board on which a ball falls, and a paddle that moves left, stays or moves right."""

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)
        self.reset()

    def reset(self):
        self.row, self.ball, self.paddle = 0, self.rng.randint(WIDTH), self.rng.randint(WIDTH)
        return self.view()

    def view(self):
        board = np.zeros((HEIGHT, WIDTH, 1), np.float32)
        board[self.row, self.ball] = 1
        board[-1, self.paddle] = -1
        return board

    def step(self, move):
        self.paddle = min(max(self.paddle + move - 1, 0), WIDTH - 1)
        self.row += 1
        done = self.row == HEIGHT - 1
        reward = (1.0 if self.ball == self.paddle else -1.0) if done else 0.0
        return self.view(), reward, done


def q_network(views, scope):
    with tf.variable_scope(scope):
        W = tf.get_variable("conv", [3, 3, 1, 16], initializer=tf.truncated_normal_initializer(stddev=0.1))
        h = tf.nn.relu(tf.nn.conv2d(views, W, [1, 1, 1, 1], "VALID"))
        h = tf.reshape(h, [-1, (HEIGHT - 2) * (WIDTH - 2) * 16])
        for name, units, activation in (("hidden", 64, tf.nn.relu), ("q", MOVES, tf.identity)):
            W = tf.get_variable(name, [h.shape[1], units], initializer=tf.glorot_uniform_initializer())
            b = tf.get_variable(f"{name}_bias", [units], initializer=tf.zeros_initializer())
            h = activation(tf.matmul(h, W) + b)
        return h


def build():
    views = tf.placeholder(tf.float32, [None, HEIGHT, WIDTH, 1])
    later = tf.placeholder(tf.float32, [None, HEIGHT, WIDTH, 1])
    moves = tf.placeholder(tf.int32, [None])
    rewards, done = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])

    online, target = q_network(views, "online"), q_network(later, "target")
    wanted = rewards + DISCOUNT * (1.0 - done) * tf.reduce_max(target, axis=1)
    valued = tf.reduce_sum(online * tf.one_hot(moves, MOVES), axis=1)
    loss = tf.losses.huber_loss(tf.stop_gradient(wanted), valued)
    ours = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="online")
    theirs = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="target")
    copy = tf.group(*[tf.assign(t, o) for t, o in zip(theirs, ours)])
    optimizer = tf.train.AdamOptimizer(1e-3)
    gradients = [(tf.clip_by_norm(g, 10.0), v) for g, v in optimizer.compute_gradients(loss, ours)]
    train = optimizer.apply_gradients(gradients)
    return SimpleNamespace(
        views=views, later=later, moves=moves, rewards=rewards, done=done,
        best=tf.argmax(online, 1), loss=loss, train=train, copy=copy,
    )  # fmt: skip


def batch(net, memory, size=64):
    columns = zip(*random.sample(memory, size))
    return dict(zip((net.views, net.moves, net.rewards, net.later, net.done), map(np.array, columns)))


def feeds(net, rng):
    """Endless batches of random play."""
    game, memory = Catch(rng.randint(1000)), []
    while len(memory) < 500:
        view, move = game.view(), rng.randint(MOVES)
        after, reward, done = game.step(move)
        memory.append((view, move, reward, after, float(done)))
        if done:
            game.reset()
    while True:
        yield batch(net, memory)


def play(sess, net, games, choose=None):
    game, caught = Catch(1), 0
    for _ in range(games):
        view, done = game.reset(), False
        while not done:
            move = choose() if choose else sess.run(net.best, {net.views: view[None]})[0]
            view, reward, done = game.step(move)
        caught += reward > 0
    return caught / games


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()
    steps = 2500 if args.quick else args.steps

    random.seed(0)
    tf.set_random_seed(0)
    rng, game, memory = np.random.RandomState(0), Catch(0), collections.deque(maxlen=5000)
    net = build()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(net.copy)
        view = game.reset()
        for step in range(steps):
            if rng.rand() < max(0.05, 1 - 2 * step / steps):
                move = rng.randint(MOVES)
            else:
                move = sess.run(net.best, feed_dict={net.views: [view]})[0]
            after, reward, done = game.step(move)
            memory.append((view, move, reward, after, float(done)))
            view = game.reset() if done else after
            if len(memory) >= 200:
                loss, _ = sess.run([net.loss, net.train], feed_dict=batch(net, memory))
            if step % 100 == 99:
                sess.run(net.copy)
            if step % 500 == 499:
                print(f"step {step + 1}: loss {loss:.4f}")
        luck = play(sess, net, 100, lambda: rng.randint(MOVES))
        print(f"caught {play(sess, net, 100):.3f} (chance {luck:.3f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
