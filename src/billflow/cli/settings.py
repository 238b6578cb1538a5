"""`billflow settings`: what the processes here go by, and where each of it comes from."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from billflow.cli.output import NOTHING, Columns, whole
from billflow.cli.params import AsJson

if TYPE_CHECKING:
    from billflow.settings import Settings

HIDDEN = "(hidden)"
UNSET, ENVIRONMENT, RUNNING = "default", "environment", "billflow dev"
PROFILE = "Temporal's configuration file"
UNKNOWN = "environment, no setting"

_OF_COMMANDS = ("BILLFLOW_API_URL", "BILLFLOW_API_KEY", "BILLFLOW_PROFILE")
"""What commands that ask the API go by, where it is set; see `billflow profile list`."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A variable, its value as it may be shown, and where that comes from."""

    variable: str
    value: str | None
    source: str


COLUMNS: Columns = {
    "variable": lambda row: row.variable,
    "value": lambda row: row.value if row.value is not None else NOTHING,
    "from": lambda row: row.source,
}


def settings(*, as_json: AsJson = False) -> None:
    """Print the settings that are in force here, and where each comes from; secrets are hidden.

    A variable that begins with BILLFLOW_ and is no setting is listed too, since it is most likely misspelt.
    docs/settings.md says what each is for.
    """
    from billflow.cli.session import settings_here

    typed = {name.upper() for name in os.environ}
    rows = [*_ours(settings_here(), typed), *_of_others(typed)]
    whole("Settings", rows, COLUMNS).show(as_json=as_json)


def _ours(here: "Settings", typed: set[str]) -> Iterator[SettingRow]:
    from billflow.settings import variables

    named = variables()
    for field, variable in named.items():
        value = getattr(here, field)
        source = UNSET if field not in here.model_fields_set else ENVIRONMENT if variable in typed else RUNNING
        yield SettingRow(variable, shown(value), source)
    known = {*named.values(), *_OF_COMMANDS}
    yield from (SettingRow(name, HIDDEN, UNKNOWN) for name in sorted(_misspelt(typed, known)))


def _misspelt(typed: set[str], known: set[str]) -> Iterator[str]:
    """Yield what begins like a variable of ours and is none."""
    from billflow.models.contracts.seat_sources import VARIABLES

    return (name for name in typed - known if name.startswith("BILLFLOW_") and not name.startswith(VARIABLES))


def _of_others(typed: set[str]) -> Iterator[SettingRow]:
    """Yield what others read: commands that ask the API, Temporal's client, and uvicorn."""
    from temporalio.envconfig import ClientConfigProfile

    found = ClientConfigProfile.load()
    key = os.environ.get("BILLFLOW_API_KEY")
    values = {
        **{name: os.environ.get(name) for name in _OF_COMMANDS},
        "BILLFLOW_API_KEY": SecretStr(key) if key else None,
        "TEMPORAL_ADDRESS": found.address,
        "TEMPORAL_NAMESPACE": found.namespace,
        "TEMPORAL_API_KEY": SecretStr(found.api_key) if found.api_key else None,
        "FORWARDED_ALLOW_IPS": os.environ.get("FORWARDED_ALLOW_IPS"),
    }
    for variable, value in values.items():
        source = ENVIRONMENT if variable in typed else RUNNING if variable in os.environ else PROFILE
        yield SettingRow(variable, shown(value), UNSET if value is None else source)


def shown(value: object) -> str | None:
    """Return a value as it may be shown: of a secret that is an address, the host and what is there."""
    if isinstance(value, SecretStr):
        return _address(value.get_secret_value()) or HIDDEN
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _address(secret: str) -> str | None:
    """Return an address without user, password and parameters; None where it may be read in another way."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(secret)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if "://" not in secret or secret.count("@") > 1 or secret.count("@") != parts.netloc.count("@"):
        return None
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
