"""`tf.compat.v1.train`: sessions that look after themselves, and their hooks."""

from __future__ import annotations

from headrace.session.hooks import (
    CheckpointSaverHook,
    CheckpointSaverListener,
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    ProfilerHook,
    SecondOrStepTimer,
    StepCounterHook,
    StopAtStepHook,
    SummarySaverHook,
)
from headrace.session.monitored import (
    ChiefSessionCreator,
    MonitoredSession,
    MonitoredTrainingSession,
    SessionCreator,
    SingularMonitoredSession,
    WorkerSessionCreator,
)
from headrace.session.run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from headrace.session.scaffold import Scaffold
from headrace.session.session_manager import SessionManager
from headrace.session.supervisor import Supervisor, basic_train_loop

__all__ = [
    "CheckpointSaverHook", "CheckpointSaverListener", "ChiefSessionCreator", "FeedFnHook", "FinalOpsHook",
    "GlobalStepWaiterHook", "LoggingTensorHook", "MonitoredSession", "MonitoredTrainingSession",
    "NanLossDuringTrainingError", "NanTensorHook", "ProfilerHook", "Scaffold", "SecondOrStepTimer",
    "SessionCreator", "SessionManager", "SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues",
    "SingularMonitoredSession", "StepCounterHook", "StopAtStepHook", "SummarySaverHook", "Supervisor",
    "WorkerSessionCreator", "basic_train_loop",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"train": __all__}
