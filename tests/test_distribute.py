"""Strategies of one replica."""

import pytest

import headrace as tf

D = tf.distribute


@pytest.fixture(params=["default", "one device"])
def strategy(request):
    return D.get_strategy() if request.param == "default" else D.OneDeviceStrategy("/cpu:0")


def test_runs_on_one_replica(strategy):
    def step(x):
        context = D.get_replica_context()
        assert context.replica_id_in_sync_group == 0 and context.num_replicas_in_sync == 1
        assert not D.in_cross_replica_context()
        return context.all_reduce("sum", x * 2)

    with strategy.scope():
        assert D.get_strategy() is strategy
        v = tf.Variable(1.0)
        out = strategy.run(step, args=(v,))
        assert tf.function(lambda x: strategy.run(step, args=(x,)))(tf.constant(3.0)) == 6.0
    assert float(out) == 2.0
    assert [float(x) for x in strategy.experimental_local_results(out)] == [2.0]
    assert strategy.extended.worker_devices == ("/job:localhost/replica:0/task:0/device:CPU:0",)
    assert D.get_strategy() is not strategy or not D.has_strategy()


def test_reduces_over_a_dimension(strategy):
    x = tf.constant([1.0, 3.0])
    assert float(strategy.reduce("MEAN", x, axis=0)) == 2.0
    assert float(strategy.reduce(D.ReduceOp.SUM, x, axis=0)) == 4.0
    assert strategy.reduce("SUM", x, axis=None) is x
    with pytest.raises(ValueError, match="reduce_op"):
        strategy.reduce("MAX", x, axis=0)


def test_updates_where_the_variable_is(strategy):
    v = tf.Variable(1.0)
    update = strategy.extended.update
    assert float(update(v, lambda v, x: v.assign_add(x), args=(2.0,))) == 3.0
    assert update(v, lambda v: v.read_value(), group=False) == (3.0,)


def test_merge_calls_leave_the_replica(strategy):
    def step():
        return D.get_replica_context().merge_call(
            lambda s, x: (s is strategy, D.in_cross_replica_context(), x), (5,)
        )

    with strategy.scope():
        assert strategy.run(step) == (True, True, 5)


def test_arguments_without_meaning_are_refused(strategy):
    with pytest.raises(NotImplementedError, match="one device"):
        strategy.experimental_distribute_dataset(tf.data.Dataset.range(2), options=object())
    with pytest.raises(NotImplementedError, match="one device"):
        strategy.run(lambda: D.get_replica_context().all_reduce("sum", 1, options=object()))
    with pytest.raises(ValueError, match="RunOptions"):
        strategy.run(lambda: 1, options=object())
    with pytest.raises(ValueError, match="list or tuple"):
        strategy.run(lambda: 1, args=1)
    with pytest.raises(NotImplementedError, match="MirroredStrategy is not supported yet"):
        D.MirroredStrategy()


def test_names_that_are_none_are_refused():
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        D.OneDeviceStrategy("no device")
