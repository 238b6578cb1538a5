"""Write docs/settings.md from the class of settings: `python scripts/settings_doc.py`."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from billflow.models.contracts.seat_sources import VARIABLES
from billflow.settings import Settings, variables

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

INTRODUCTION = """# Settings

Written by `python scripts/settings_doc.py` from `src/billflow/settings.py`; a test fails when it is out of date.

All settings are variables of the environment. `billflow settings` prints which are in force and where each comes from,
with secrets hidden, and names variables that begin with `BILLFLOW_` and are no setting. A value that can't be used ends
the process with a sentence that names the variable. Secrets are marked; they show in no log and no answer.

| variable | default | what |
| --- | --- | --- |
"""

OTHERS = {
    "BILLFLOW_API_URL, BILLFLOW_API_KEY": "*The key is secret.* Which API commands ask, and by which key, in place of a"
    " profile.",
    "BILLFLOW_PROFILE": "The profile that commands go by, of those that `billflow login` has kept.",
    "TEMPORAL_ADDRESS": "Where Temporal answers, `host:port`; `localhost:7233` unless set, or `billflow dev`'s.",
    "TEMPORAL_NAMESPACE": "The namespace there, `default` unless set.",
    "TEMPORAL_API_KEY": "*Secret.* A key of Temporal Cloud's.",
    "TEMPORAL_TLS": "`true` for TLS; with a key it is on.",
    "TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH": "A certificate of our own, and its key.",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_SERVER_NAME": "Whom to believe to be the server.",
    "TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE": "A file with all of it, and the profile in it that counts.",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "Where [traces](monitoring.md#traces) go, and the other `OTEL_*`; none unless set.",
    "FORWARDED_ALLOW_IPS": "The proxies in front of the API, as uvicorn reads it; wrong keys are limited by the address"
    " that they say.",
    f"{VARIABLES}…": "*Secret.* The address of a database that [seats are counted in](seat-sources.md), named by a seat"
    " source; read where `billflow worker` runs.",
}

READ_BY_OTHERS = """
## Read by others

Commands that ask the API read the first ones, Temporal's client its own (`temporalio.envconfig`), uvicorn its own.

| variable | what |
| --- | --- |
"""


def page() -> str:
    """Return the whole page."""
    ours = [_row(variable, Settings.model_fields[field]) for field, variable in variables().items()]
    others = [f"| {', '.join(f'`{one}`' for one in name.split(', '))} | {text} |\n" for name, text in OTHERS.items()]
    return "".join([INTRODUCTION, *ours, READ_BY_OTHERS, *others])


def _row(variable: str, field: FieldInfo) -> str:
    text = " ".join((field.description or "").split())
    secret = "*Secret.* " if SecretStr in (field.annotation, *get_args(field.annotation)) else ""
    return f"| `{variable}` | {_default(field)} | {secret}{text}{_range(field)} |\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _range(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return f" One of {', '.join(f'`{one}`' for one in get_args(field.annotation))}."
    least = [one.ge for one in field.metadata if isinstance(one, Ge)]
    most = [one.le for one in field.metadata if isinstance(one, Le)]
    return f" From {least[0]} to {most[0]}." if least and most else ""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
