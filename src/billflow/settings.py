"""What the environment says, read once at the entry points."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from billflow.domain.errors import InvalidInput
from billflow.errors import CommandFailed
from billflow.models.contracts.validation import field_refusal
from billflow.models.keyring import Keyring

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Port = Annotated[int, Field(ge=0, le=65535)]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(CommandFailed):
    """A variable of the environment is missing, or has a value that can't be used.

    Set the variable that the message names.
    """

    code = "invalid_settings"


class Settings(BaseSettings):
    """The settings of one process.

    `DATABASE_OWNER_URL` is for `billflow migrate` alone: the login that owns the tables, where another one runs.
    `DATABASE_URL` and the `STRIPE_*` variables keep their standard names, ours begin with `BILLFLOW_`. How to reach
    Temporal is left to `temporalio.envconfig` and its `TEMPORAL_*` variables. Unset means: use the embedded part.
    `encryption_keys` is `id:base64,…`, the current key first; with them Temporal's payloads are encrypted too, unless
    `encrypt_payloads` says otherwise. `temporal_ui_origin` is whose pages may ask the codec endpoint. With
    `webhook_private_addresses` events may be sent into our own network, in test mode only: `billflow dev` sets it. The
    `keep_…_days` say after how long `billflow prune` deletes; Stripe sends an event again for up to 30 days, and the
    database itself refuses less for deliveries, events and the audit log. The last leaves for files in
    `audit_archive_dir`, and stays where that is not set. `build_id` names the version of our workers: that of the
    package where it is not set, none where it is empty. `ops_host` and `ops_port` are where `billflow api` answers
    operators. The `max_…` are of each worker: tasks of workflows at once, activities at once of one task queue (as many
    as the pool has connections, at most) and of that to Stripe, and workflows kept in memory between their tasks.
    """

    model_config = SettingsConfigDict(env_prefix="BILLFLOW_", frozen=True, extra="ignore", populate_by_name=True)

    database_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_URL"))
    database_owner_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_OWNER_URL"))
    stripe_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("STRIPE_API_KEY"))
    stripe_api_base: str | None = Field(None, validation_alias=AliasChoices("STRIPE_API_BASE"))
    stripe_webhook_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("STRIPE_WEBHOOK_SECRET"))

    encryption_keys: SecretStr | None = None
    encrypt_payloads: bool | None = None
    temporal_ui_origin: str | None = None

    org: Slug = "default"
    data_dir: Path = Path(".billflow")
    api_host: str = "127.0.0.1"
    api_port: Port = 8000
    ops_host: str = "127.0.0.1"
    ops_port: Port = 8001
    api_processes: Annotated[int, Field(ge=1, le=64)] = 1
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    build_id: str | None = None
    max_workflow_tasks: Annotated[int, Field(ge=2, le=1_000)] = 24
    max_activities: Annotated[int, Field(ge=1, le=20)] = 20
    max_stripe_activities: Annotated[int, Field(ge=1, le=1_000)] = 60
    max_cached_workflows: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    smtp_url: SecretStr | None = None
    mail_from: str = "billflow <billing@localhost>"
    webhook_private_addresses: bool = False
    keep_stripe_events_days: Annotated[int, Field(ge=30, le=36_500)] = 90
    keep_foreign_events_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    keep_mails_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    keep_deliveries_days: Annotated[int, Field(ge=30, le=36_500)] = 90
    keep_events_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    keep_audit_days: Annotated[int, Field(ge=365, le=36_500)] = 3650
    audit_archive_dir: Path | None = None
    return_url: str = "http://127.0.0.1:8000/"


def keyring_of(settings: Settings) -> Keyring | None:
    """Return the encryption keys, None where there are none; raises `SettingsError` for unusable ones."""
    if settings.encryption_keys is None:
        return None
    try:
        return Keyring.read(settings.encryption_keys.get_secret_value())
    except InvalidInput as error:
        raise SettingsError(f"the environment has unusable settings: BILLFLOW_ENCRYPTION_KEYS: {error}") from None


def payload_keyring(settings: Settings) -> Keyring | None:
    """Return the keys that encrypt Temporal's payloads, None where they are to stay readable."""
    return None if settings.encrypt_payloads is False else keyring_of(settings)


def load_settings() -> Settings:
    """Read the environment, or raise `SettingsError` with one sentence that names every bad variable."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [field_refusal(item, _variable(item["loc"])) for item in error.errors()]
        problems = "; ".join(refusal.message.rstrip(".") for refusal in wrong)
        raise SettingsError(f"the environment has unusable settings: {problems}") from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.isupper() else f"BILLFLOW_{name.upper()}"
