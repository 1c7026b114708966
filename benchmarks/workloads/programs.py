"""The TensorFlow 1.x programs of `examples/v1`: a training step of each, the very same files on either framework.

`sess.run([train, loss], feed_dict=…)` as the program's own loop does, with its first batch fed again and again: what making the
batches costs is not measured.
"""

import importlib.util
import os
import random
import sys
from pathlib import Path

import numpy as np

from benchmarks.workloads import workload

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "v1"

# program -> what is trained
PROGRAMS = {
    "softmax_regression": "softmax regression",
    "convnet": "convolutional network",
    "autoencoder": "autoencoder",
    "gan": "GAN, both networks",
    "dqn": "Q-network",
    "word2vec": "skip-grams, NCE",
    "neural_style": "neural style",
    "char_rnn": "two layers of LSTM over 32 characters",
    "seq2seq": "encoder, decoder with attention",
    "text_cnn": "convolutions over sentences",
    "residual_layers": "residual network of tf.layers",
    "tagger_crf": "bidirectional LSTM and CRF",
}


def _step(tf, program):
    v1 = tf.compat.v1
    # `tf.layers` and `tf.nn.rnn_cell` are in the package tf_keras since TensorFlow 2.16.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    v1.disable_v2_behavior()
    try:
        module = _load(
            program, {"tensorflow": tf, "tensorflow.compat": tf.compat, "tensorflow.compat.v1": v1}
        )
        random.seed(0)
        with tf.Graph().as_default():
            v1.set_random_seed(0)
            net = module.build()
            feed = next(module.feeds(net, np.random.RandomState(0)))
            session = v1.Session()
            session.run(v1.global_variables_initializer())
    finally:
        v1.enable_v2_behavior()
        del os.environ["TF_USE_LEGACY_KERAS"]
    fetches = [net.train, net.loss]
    return lambda: session.run(fetches, feed_dict=feed)


def _load(program, modules):
    """The program as a module, in which `import tensorflow` gives what is measured."""
    spec = importlib.util.spec_from_file_location(f"examples_v1_{program}", FOLDER / f"{program}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        spec.loader.exec_module(module)
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
    return module


for name, title in PROGRAMS.items():
    workload(
        f"v1-{name.replace('_', '-')}",
        f"{title}: training step of examples/v1/{name}.py",
        sizes={"program": name},
        compiles=True,
        tolerance=1e-3 if name != "word2vec" else None,  # which classes are sampled differs
    ).tf(_step)
