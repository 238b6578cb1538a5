"""What Temporal's SDK logs goes through Python's logging, instead of in layouts of its own."""

import logging
from functools import cache

from temporalio import activity, workflow
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

_CORE_LEVELS = {logging.WARNING: "WARN", logging.ERROR: "ERROR"}


@cache
def use_python_logging() -> None:
    """Forward the lines of Temporal's core at the root logger's level; before the first client is made."""
    Runtime.set_default(Runtime(telemetry=core_telemetry()), error_if_already_set=False)


def core_telemetry(metrics: PrometheusConfig | None = None) -> TelemetryConfig:
    """Return how a runtime logs, and counts where *metrics* say so."""
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    core = logging.getLogger("temporalio.core")
    core.setLevel(max(logging.WARNING, logging.getLogger().level))
    wanted = TelemetryFilter(core_level=_CORE_LEVELS.get(core.level, "ERROR"), other_level="ERROR")
    forwarding = LogForwardingConfig(logger=core, append_target_to_name=False)
    return TelemetryConfig(logging=LoggingConfig(filter=wanted, forwarding=forwarding), metrics=metrics)
