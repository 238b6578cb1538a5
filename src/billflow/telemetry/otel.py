"""Whether the standard `OTEL_*` variables ask for traces."""

import os
from typing import TYPE_CHECKING

from billflow.settings import SettingsError

if TYPE_CHECKING:
    from billflow.telemetry.traces import Tracing

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def tracing_here() -> "Tracing | None":
    """Return what traces this process, None where no variable asks for it.

    Asked for is it by an endpoint, or `OTEL_TRACES_EXPORTER=otlp`. Raises `SettingsError` where it can't be had.
    """
    if not _is_wanted():
        return None
    exporter, protocol = os.environ.get("OTEL_TRACES_EXPORTER") or "otlp", _first(*_PROTOCOLS) or _HTTP
    if exporter != "otlp":
        raise SettingsError(f"OTEL_TRACES_EXPORTER is {exporter}; traces leave by otlp, or not at all with none.")
    if protocol != _HTTP:
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; traces leave by {_HTTP}, which it may name.")
    try:
        from billflow.telemetry.traces import Tracing
    except ImportError as error:
        raise SettingsError(
            f"The OTEL_* variables ask for traces, and {error.name} is not installed; "
            "run: pip install 'billflow[otel]', or set OTEL_SDK_DISABLED=true."
        ) from None
    return Tracing.by_otlp()


def _is_wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    named = os.environ.get("OTEL_TRACES_EXPORTER")
    return bool(_first(*_ENDPOINTS)) if not named else named != "none"


def _first(*names: str) -> str | None:
    return next((found for name in names if (found := os.environ.get(name))), None)
