"""What every test shares: a compile cache of its own, and no global state left behind."""

import atexit
import os
import shutil
import sys
import tempfile

import pytest

# Modules that Keras's tests import, in processes where `tensorflow` is Headrace.
collect_ignore = ["keras_suite/support"]

# Before headrace is first imported: tests neither read nor fill the user's compile cache. Workers of
# pytest-xdist inherit the variable, so that they share what one of them has compiled.
if "HEADRACE_CACHE_DIR" not in os.environ:
    _cache = tempfile.mkdtemp(prefix="headrace-test-cache-")
    os.environ["HEADRACE_CACHE_DIR"] = _cache
    atexit.register(shutil.rmtree, _cache, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Seeds, and what listens to ops, are the thread's: a test must not hand them on to the next."""
    yield
    if random := sys.modules.get("headrace.api.random"):
        random.set_seed(None)
    if state := sys.modules.get("headrace.core.state"):
        state.set_observers(())
