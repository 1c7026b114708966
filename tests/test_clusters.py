"""Descriptions of clusters, what finds them, and servers of one process."""

from __future__ import annotations

import json

import pytest

import headrace as tf
from headrace.distribute.slurm import hosts, tasks_per_node

v1 = tf.compat.v1
resolvers = tf.distribute.cluster_resolver


def test_sessions_of_a_server_share_variables_and_queues():
    server = v1.train.Server.create_local_server()
    with tf.Graph().as_default():
        v = v1.get_variable("v", initializer=1.0)
        queue = v1.FIFOQueue(3, tf.int32, shared_name="q")
        with v1.Session(server.target) as sess:
            sess.run([v.initializer, queue.enqueue(7)])
    with tf.Graph().as_default():  # another graph: by name
        v = v1.get_variable("v", shape=[])
        queue = v1.FIFOQueue(3, tf.int32, shared_name="q")
        with v1.Session(server.target) as sess:
            assert sess.run([v, queue.dequeue()]) == [1.0, 7]
        v1.Session.reset(server.target)
        with v1.Session(server.target) as sess, pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(v)


def test_sessions_without_a_server_share_nothing():
    with tf.Graph().as_default():
        v = v1.get_variable("v", initializer=1.0)
        with v1.Session() as sess:
            sess.run(v.initializer)
        with v1.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(v)


def test_a_monitored_session_on_a_server():
    server = v1.train.Server({"worker": ["localhost:0"]})
    with tf.Graph().as_default():
        step = v1.train.get_or_create_global_step()
        count = step.assign_add(1)
        with v1.train.MonitoredTrainingSession(server.target) as sess:
            assert sess.run(count) == 1


def test_servers_say_what_they_cannot_do():
    with pytest.raises(tf.errors.UnimplementedError, match="several tasks"):
        v1.train.Server({"worker": ["a:1", "b:1"]}, "worker", 0)
    with pytest.raises(tf.errors.UnimplementedError, match="no server of this process"):
        v1.Session("grpc://elsewhere:2222")
    with pytest.raises(ValueError, match="job_name"):
        v1.train.Server({"worker": ["a:1"], "ps": ["b:1"]})
    with pytest.raises(ValueError, match="No task with index"):
        v1.train.Server({"worker": ["a:1"]}, "worker", 1)


def test_hosts_of_slurm():
    assert hosts("n[1-2],m5,o[3-4,6,7-9]") == ["n1", "n2", "m5", "o3", "o4", "o6", "o7", "o8", "o9"]
    assert hosts("a-b[08-10]") == ["a-b08", "a-b09", "a-b10"]
    assert tasks_per_node("3(x2),2,1") == [3, 3, 2, 1]
    for text in ("n[1-2", "n]", "n[a-b]", "n,,m"):
        with pytest.raises(ValueError, match="Invalid hostlist"):
            hosts(text)


def test_the_cluster_of_slurm(monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "2")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    monkeypatch.setenv("SLURM_STEP_NODELIST", "n[1-2]")
    monkeypatch.setenv("SLURM_STEP_TASKS_PER_NODE", "2,1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    found = resolvers.SlurmClusterResolver()
    assert found.get_task_info() == (None, None)
    assert found.cluster_spec() == tf.train.ClusterSpec({"worker": ["n1:8888", "n1:8889", "n2:8888"]})
    assert found.get_task_info() == ("worker", 2) and found.master() == "grpc://n2:8888"
    assert found.num_accelerators() == {"GPU": 2}
    with pytest.raises(RuntimeError, match="Requested 4 tasks"):
        resolvers.SlurmClusterResolver({"ps": 1, "worker": 3})
    monkeypatch.delenv("SLURM_PROCID")
    with pytest.raises(RuntimeError, match="SLURM_PROCID"):
        resolvers.SlurmClusterResolver()


def test_the_cluster_of_tf_config(monkeypatch):
    config = {
        "cluster": {"worker": ["a:1", "b:1"], "ps": {"3": "c:1"}},
        "task": {"type": "worker", "index": "1"},
    }
    monkeypatch.setenv("TF_CONFIG", json.dumps({**config, "rpc_layer": "grpc"}))
    found = resolvers.TFConfigClusterResolver()
    assert (found.task_type, found.task_id, found.rpc_layer) == ("worker", 1, "grpc")
    assert found.master() == "grpc://b:1" and found.master("ps", 3, "http") == "http://c:1"
    monkeypatch.delenv("TF_CONFIG")
    assert not found.cluster_spec() and found.master() == "" and found.task_id is None
