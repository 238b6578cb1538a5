"""What the environment says, read once at the entry points."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from billflow.domain.errors import InvalidInput
from billflow.errors import CommandFailed
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.validation import field_refusal
from billflow.models.keyring import Keyring
from billflow.models.signatures import SigningKeys


def json_object(value: object) -> object:
    """Return what a variable that holds a JSON object says; what is no JSON stays, and is refused as no object."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Port = Annotated[int, Field(ge=0, le=65535)]
RefundLimits = Annotated[dict[ConsoleRole, Annotated[int, Field(ge=0)]] | None, NoDecode, BeforeValidator(json_object)]
RolesOfGroups = Annotated[dict[str, ConsoleRole] | None, NoDecode, BeforeValidator(json_object)]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(CommandFailed):
    """A variable of the environment is missing, or has a value that can't be used.

    Set the variable that the message names.
    """

    code = "invalid_settings"


class Settings(BaseSettings):
    """The settings of one process; docs/settings.md is written from here.

    `DATABASE_URL` and the `STRIPE_*` variables keep their standard names, ours begin with `BILLFLOW_`. How to reach
    Temporal is left to `temporalio.envconfig` and its `TEMPORAL_*` variables. Unset means: use the embedded part.
    """

    model_config = SettingsConfigDict(
        env_prefix="BILLFLOW_", frozen=True, extra="ignore", populate_by_name=True, use_attribute_docstrings=True
    )

    database_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_URL"))
    """The billing database, PostgreSQL 15 or newer, as the login that runs worker and API."""
    database_owner_url: SecretStr | None = Field(None, validation_alias=AliasChoices("DATABASE_OWNER_URL"))
    """The same database as the login that owns the tables, for `billflow migrate` alone."""
    stripe_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("STRIPE_API_KEY"))
    """The key of Stripe's API; whether it is a live one decides the mode of the whole process."""
    stripe_api_base: str | None = Field(None, validation_alias=AliasChoices("STRIPE_API_BASE"))
    """Where an emulator of Stripe answers, never with a live key; Stripe itself where it is not set."""
    stripe_webhook_secret: SecretStr | None = Field(None, validation_alias=AliasChoices("STRIPE_WEBHOOK_SECRET"))
    """The secret that signs Stripe's events."""

    encryption_keys: SecretStr | None = None
    """`id:base64,…` with 32 random bytes each, the current key first; needed with a live Stripe key.

    Addresses, tax ids and secrets are sealed with it in the billing database, and Temporal's payloads everywhere.
    """
    signing_keys: SecretStr | None = None
    """`id:base64,…` with 32 random bytes each, the current key first: signs the audit log day by day (Ed25519).

    `billflow keys create-signing` makes one; without any nothing is signed, and no invoice can be proved.
    """
    encrypt_payloads: bool | None = None
    """Whether Temporal's payloads are encrypted; they are where there are keys, unless this is `false`."""
    temporal_ui_origin: str | None = None
    """Whose pages may ask `/codec` to make payloads readable, such as `https://temporal.example`."""

    org: Slug = "default"
    """The organization that commands work for."""
    data_dir: Path = Path(".billflow")
    """Where `billflow dev` keeps its data between runs."""
    api_host: str = "127.0.0.1"
    """The address at which `billflow api` listens."""
    api_port: Port = 8000
    """The port at which it listens; 0 is any free one."""
    ops_host: str = "127.0.0.1"
    """The address at which operators are answered: /healthz, /readyz and /metrics."""
    ops_port: Port = 8001
    """The port of `billflow api` for operators; a worker has one where it is given `--ops-port`."""
    api_processes: Annotated[int, Field(ge=1, le=64)] = 1
    """How many processes of the API share its socket."""
    log_format: LogFormat = "auto"
    """`json` for machines, `console` for people; `auto` is `console` on a terminal."""
    log_level: LogLevel = "info"
    """The least that is logged; commands other than `worker` and `api` log errors only unless it is set."""
    build_id: str | None = None
    """The version of our workers: that of the package where it is not set, none where it is empty."""
    max_workflow_tasks: Annotated[int, Field(ge=2, le=1_000)] = 24
    """How many tasks of workflows each worker does at once; docs/performance.md has what other values cost."""
    max_activities: Annotated[int, Field(ge=1, le=20)] = 20
    """How many activities of one task queue it does at once, which share a pool of eight connections.

    docs/performance.md has what fewer cost.
    """
    max_stripe_activities: Annotated[int, Field(ge=1, le=1_000)] = 60
    """How many activities of the queue to Stripe it does at once."""
    max_cached_workflows: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """How many workflows it keeps in memory between their tasks; docs/performance.md has what too few cost."""
    smtp_url: SecretStr | None = None
    """The mail server, `smtp://user:password@host:587`; it must offer STARTTLS, unless it ends in `?tls=optional`."""
    mail_from: str = "billflow <billing@localhost>"
    """The sender of the mails."""
    webhook_private_addresses: bool = False
    """Whether events may be sent into our own network, in test mode only; `billflow dev` sets it."""
    keep_stripe_events_days: Annotated[int, Field(ge=30, le=36_500)] = 90
    """After how many days `billflow prune` deletes Stripe's events; Stripe sends one again for up to 30."""
    keep_foreign_events_days: Annotated[int, Field(ge=1, le=36_500)] = 30
    """After how many days it deletes signed events of Stripe's that belong to no organization."""
    keep_mails_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    """After how many days it deletes mails to customers, and that they were told ahead."""
    keep_computed_invoices_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    """After how many days it deletes what was computed for plans in a parallel run."""
    keep_plan_batches_days: Annotated[int, Field(ge=30, le=36_500)] = 730
    """After how many days it deletes batches of plans that are over; what each plan took stays in its steps."""
    keep_reconciliations_days: Annotated[int, Field(ge=30, le=36_500)] = 365
    """After how many days it deletes runs of reconciliation with what they found, all but the newest."""
    keep_seats_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    """After how many days it deletes reported seats that are in the ledger, and who took a seat until then."""
    keep_deliveries_days: Annotated[int, Field(ge=30, le=36_500)] = 90
    """After how many days it deletes how events were delivered; the database itself refuses less than 30."""
    keep_events_days: Annotated[int, Field(ge=90, le=36_500)] = 730
    """After how many days it deletes events; the database itself refuses less than 90."""
    keep_audit_days: Annotated[int, Field(ge=365, le=36_500)] = 3650
    """After how many days entries of the audit log leave it for files; the database itself refuses less than 365."""
    keep_former_states_days: Annotated[int, Field(ge=30, le=36_500)] | None = None
    """After how many days it deletes what rows were before; `as_of` before then is refused. For ever where not set."""
    keep_dry_runs_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How many days the results of a dry run are kept that was asked for over HTTP or in the console."""
    audit_archive_dir: Path | None = None
    """The folder of these files; old entries stay in the database where it is not set."""
    console_url: str | None = None
    """Where people reach the console, for the links that sign them in; the address of the API where it is not set."""
    console_refund_limits: RefundLimits = None
    """The most that a role gives back in the console at once, in minor units, as JSON: `{"support": 50000}`.

    A role that is not named has no limit.
    """
    console_oidc_issuer: Annotated[str, Field(max_length=2000)] | None = None
    """The OpenID Connect provider that signs people in to the console: its issuer, such as `https://login.example`."""
    console_oidc_client_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """What billflow is called there."""
    console_oidc_client_secret: SecretStr | None = None
    """The secret that billflow has there; a client without one shows that it is itself by PKCE alone."""
    console_oidc_scopes: str = "openid email"
    """The scopes to ask for; some providers tell groups only where `groups` is among them."""
    console_oidc_groups_claim: str = "groups"
    """The claim of the ID token in which a person's groups are."""
    console_oidc_roles: RolesOfGroups = None
    """Which groups have which role, as JSON: `{"billing-support": "support", "controlling": "finance"}`.

    Of several the widest counts, and whoever is in none does not get in.
    """
    portal_url: str | None = None
    """Where customers reach the portal, for the links into it; the address of the API where it is not set."""
    return_url: str = "http://127.0.0.1:8000/"
    """Where a customer comes back to from Stripe's pages."""


def variables() -> dict[str, str]:
    """Return the name of the variable of each field."""
    return {field: _variable((_alias(found) or field,)) for field, found in Settings.model_fields.items()}


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables that give another process the same settings, secrets included."""
    named = variables()
    known = {named[field]: getattr(settings, field) for field in named if field in settings.model_fields_set}
    return {variable: _text(value) for variable, value in known.items() if value is not None}


def keyring_of(settings: Settings) -> Keyring | None:
    """Return the encryption keys, None where there are none; raises `SettingsError` for unusable ones."""
    if settings.encryption_keys is None:
        return None
    try:
        return Keyring.read(settings.encryption_keys.get_secret_value())
    except InvalidInput as error:
        raise SettingsError(f"the environment has unusable settings: BILLFLOW_ENCRYPTION_KEYS: {error}") from None


def signing_keys_of(settings: Settings) -> SigningKeys | None:
    """Return the keys that sign the audit log, None where there are none; raises `SettingsError` for unusable ones."""
    written = settings.signing_keys.get_secret_value() if settings.signing_keys else ""
    if not written:
        return None
    try:
        return SigningKeys.read(written)
    except InvalidInput as error:
        raise SettingsError(f"the environment has unusable settings: BILLFLOW_SIGNING_KEYS: {error}") from None


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


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value) if isinstance(value, dict | bool) else str(value)


def _alias(field: FieldInfo) -> str | None:
    named = field.validation_alias
    return str(named.choices[0]) if isinstance(named, AliasChoices) else None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0])
    return name if name.isupper() else f"BILLFLOW_{name.upper()}"
