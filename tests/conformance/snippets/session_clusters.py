"""Descriptions of clusters and devices for them."""

from __future__ import annotations

from conformance.harness import raises, snippet


@snippet
def cluster_specs(tf):
    out = []
    for given in (
        {"worker": ["a:1", "b:1"], "ps": ["c:1"]},
        {"worker": {1: "a:1", 4: "b:1"}},
        {"w": {0: "a", 1: "b"}},
        {},
    ):
        spec = tf.train.ClusterSpec(given)
        again = tf.train.ClusterSpec(spec.as_cluster_def())
        out.append([
            str(spec), repr(spec), bool(spec), sorted(spec.jobs), spec.as_dict(), spec == again, spec != again,
            {job: [spec.num_tasks(job), spec.task_indices(job), spec.job_tasks(job)] for job in spec.jobs},
        ])  # fmt: skip
    return out


@snippet
def cluster_def(tf):
    message = tf.train.ClusterSpec({"worker": ["a:1", "b:1"], "ps": ["c:1"]}).as_cluster_def()
    return str(message), message.SerializeToString(deterministic=True)


@raises
def no_such_job(tf):
    return tf.train.ClusterSpec({"a": ["b"]}).num_tasks("c")


@raises
def no_such_task(tf):
    return tf.train.ClusterSpec({"a": ["b"]}).task_address("a", 1)


@raises
def no_cluster(tf):
    return tf.train.ClusterSpec(["a:1"])


@raises
def tasks_of_another_kind(tf):
    return tf.train.ClusterSpec({"a": "b"})


@raises
def address_of_another_kind(tf):
    return tf.train.ClusterSpec({"a": [1]})


@snippet
def server_definitions(tf):
    server = tf.distribute.Server({"local": ["localhost:0"]}, start=False)
    definition = server.server_def
    return definition.job_name, definition.task_index, definition.protocol, str(definition.cluster)


@snippet
def simple_and_union_resolvers(tf):
    space = tf.distribute.cluster_resolver
    one = space.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": ["a:1", "b:1"]}), "m:1", "worker", 1, "env", {"GPU": 2}, "grpc"
    )
    two = space.SimpleClusterResolver(tf.train.ClusterSpec({"worker": {5: "c:1"}, "ps": ["d:1"]}))
    both = space.UnionResolver(one, two)
    out = [both.cluster_spec().as_dict(), space.UnionResolver(one, one).cluster_spec().as_dict()]
    for found in (one, two, both, space.UnionResolver(two, one, task_type="ps", task_id=3, rpc_layer="x")):
        out.append([
            found.master(), found.master("worker", 1) if found is one or found is both else 0, found.task_type, found.task_id,
            found.environment, found.rpc_layer, dict(found.num_accelerators()), found.master(rpc_layer="http"),
        ])  # fmt: skip
    return out


@raises
def same_task_twice(tf):
    space = tf.distribute.cluster_resolver
    one = space.SimpleClusterResolver(tf.train.ClusterSpec({"worker": {0: "c:1"}, "ps": {1: "a"}}))
    two = space.SimpleClusterResolver(tf.train.ClusterSpec({"worker": {0: "c:1", 2: "d"}}))
    return space.UnionResolver(one, two).cluster_spec()


@raises
def union_of_nothing(tf):
    return tf.distribute.cluster_resolver.UnionResolver()


@raises
def no_resolver(tf):
    return tf.distribute.cluster_resolver.UnionResolver(3)


@snippet
def tf_config(tf):
    import json
    import os

    out = []
    for config in (
        {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}, "rpc_layer": "grpc"},
        {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}},
        {"session_master": "somewhere", "environment": "cloud"},
        {},
    ):
        os.environ["TF_CONFIG"] = json.dumps(config)
        found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        out.append(
            [found.cluster_spec().as_dict(), found.task_type, found.task_id, found.rpc_layer, found.master()]
        )
        found = tf.distribute.cluster_resolver.TFConfigClusterResolver("worker", 0, "http", "here")
        out.append([found.task_type, found.task_id, found.rpc_layer, found.environment, found.master()])
    del os.environ["TF_CONFIG"]
    return out


@snippet
def device_setters(tf):
    v1 = tf.compat.v1
    setter = v1.train.replica_device_setter
    out = [setter(), setter(cluster={"worker": ["a"]})]
    for options in (
        {"ps_tasks": 2},
        {"cluster": {"ps": ["a", "b", "c"], "worker": ["d"]}},
        {"ps_tasks": 3, "ps_strategy": lambda op: 2, "worker_device": "/job:worker/task:5/cpu:0"},
        {"ps_tasks": 1, "ps_device": "/job:p/cpu:0", "ps_ops": ["VarHandleOp", "Add", "AddV2"]},
        {"ps_tasks": 2, "merge_devices": False},
    ):
        with tf.Graph().as_default(), v1.device(setter(**options)):
            names = [v1.get_variable(n, initializer=[1.0]).handle.device for n in "abc"]
            x = tf.constant([1.0])
            with v1.device("/cpu:1"):
                y = v1.get_variable("y", initializer=[1.0]).handle
            with v1.device("/job:worker/task:7"):
                z = tf.constant([1.0])
            out.append([names, x.device, y.device, z.device])
    return out


@raises
def strategy_of_another_kind(tf):
    return tf.compat.v1.train.replica_device_setter(ps_tasks=1, ps_strategy=3)


@snippet
def device_filters(tf):
    filters = tf.config.experimental.ClusterDeviceFilters()
    filters.set_device_filters("ps", 1, ["/job:worker", "/job:chief/task:0"])
    filters.set_device_filters("worker", 0, [])
    return filters._as_cluster_device_filters().SerializeToString(deterministic=True)


@raises(also=("TypeError",))  # an assertion there
def device_filters_of_another_kind(tf):
    tf.config.experimental.ClusterDeviceFilters().set_device_filters("ps", 1, [3])


@snippet
def partitioners(tf):
    space = tf.distribute.experimental.partitioners
    out = []
    for shape in ([10, 3], [1, 5], [100, 64], [7], [1000, 1000]):
        for dtype in (tf.float32, tf.float64, tf.int8):
            for cut in (
                space.FixedShardsPartitioner(3),
                space.MinSizePartitioner(64, 5),
                space.MinSizePartitioner(4096, 50),
                space.MaxSizePartitioner(64),
                space.MaxSizePartitioner(4096, 7),
                space.MaxSizePartitioner(17, 9),
            ):
                out.append([int(n) for n in cut(tf.TensorShape(shape), dtype)])
    return out


@snippet
def communication_options(tf):
    space = tf.distribute.experimental
    made = space.CommunicationOptions(10, 3.5, space.CommunicationImplementation.RING)
    return (
        made.bytes_per_pack,
        made.timeout_seconds,
        made.implementation.value,
        space.CommunicationOptions().implementation.name,
    )


@raises
def size_below_zero(tf):
    return tf.distribute.experimental.CommunicationOptions(-1)
