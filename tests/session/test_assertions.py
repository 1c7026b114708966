"""1.x assertions show their `data`."""

import pytest

import headrace as tf

v1 = tf.compat.v1
CHECKS = {
    "equal": lambda x, d: v1.assert_equal(x, 5.0, data=d),
    "greater": lambda x, d: v1.assert_greater(x, 5.0, data=d),
    "negative": lambda x, d: v1.assert_negative(x, data=d),
    "near": lambda x, d: v1.assert_near(x, 5.0, data=d),
    "rank": lambda x, d: v1.assert_rank(x, 2, data=d),
    "rank_at_least": lambda x, d: v1.assert_rank_at_least(x, 2, data=d),
    "rank_in": lambda x, d: v1.assert_rank_in(x, [0, 2], data=d),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_in_graphs(kind):
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32)
        check = CHECKS[kind](x, ["look here", x])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"look here.*1.*2"):
            session.run(check, {x: [1.0, 2.0]})


@pytest.mark.parametrize("kind", [k for k in CHECKS if "rank" not in k])
def test_eagerly(kind):
    with pytest.raises(tf.errors.InvalidArgumentError, match="look here"):
        CHECKS[kind](tf.constant([1.0, 2.0]), ["look here"])
