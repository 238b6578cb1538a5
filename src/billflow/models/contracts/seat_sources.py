"""Seat sources: where seats come from, what a count is asked of, and what came of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, model_validator

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.customers import Count

ENVIRONMENT = "env:"
"""What stands before the name of an environment variable that holds the address of a database."""

VARIABLES = "BILLFLOW_SEATS_"
"""How the names of such variables begin: no other one can be read."""


MOST_SHOWN = 200
"""Of how many customers the result of a count tells, at most."""


class SeatSourceKind(StrEnum):
    """How seats get here: the product reports them, or they are asked for over HTTP, by SQL, or read from a file."""

    PUSH = "push"
    HTTP = "http"
    SQL = "sql"
    FILE = "file"


class SeatSourceCreate(RequestModel):
    """Where seats come from: of one customer, or without one of all that have no source of their own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "http", "target": "https://product.example/billflow/seats"}]}
    )

    kind: Literal[SeatSourceKind.PUSH, SeatSourceKind.HTTP]
    target: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] | None = None
    customer_id: str | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_address(self.kind, self.target)
        return self


class NewSeatSource(Contract):
    """The same with the kinds that an operator sets: a query on a database, or a file.

    `target` of a query is `env:BILLFLOW_SEATS_…`; without one *database_url* is stored sealed.
    """

    kind: SeatSourceKind
    target: str | None = None
    customer_id: str | None = None
    query: str | None = None
    database_url: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_address(self.kind, self.target)
        if self.kind is SeatSourceKind.SQL:
            if not self.query:
                raise InvalidInput("query is missing: name the query that counts.", field="query")
            variable = f"{ENVIRONMENT}{VARIABLES}"
            if self.database_url is None and not (self.target or "").startswith(variable):
                message = f"target must be {variable}NAME, a variable that holds the address of the database."
                raise InvalidInput(message, field="target")
        return self


def _check_address(kind: SeatSourceKind, target: str | None) -> None:
    if kind in (SeatSourceKind.HTTP, SeatSourceKind.FILE) and not target:
        message = f"target is missing: name the address that a source of kind {kind} is read from."
        raise InvalidInput(message, field="target")


class SeatSourceRecord(Contract):
    """A seat source as it stands: `failing` customers could not be counted at the newest try."""

    org_id: str
    seat_source_id: str
    kind: SeatSourceKind
    target: str | None
    query: str | None
    customer_id: str | None
    counted: int = 0
    failing: int = 0
    created_at: Moment


class CreatedSeatSource(Contract):
    """A seat source, and for one over HTTP the secret that signs our requests."""

    record: SeatSourceRecord
    secret: SecretStr | None


class SeatSource(Contract):
    """What reading a source takes."""

    kind: SeatSourceKind
    target: str | None
    query: str | None
    secret: SecretStr | None


class SeatPerson(Contract):
    """A person who takes a seat, by the product's own id."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    kind: Literal["member", "guest"] = "member"


class DeploymentSeats(Contract):
    """How many people one deployment has, and who they are where the product says it."""

    deployment_id: str
    members: Count
    guests: Count = 0
    people: tuple[SeatPerson, ...] | None = None


class SeatCounts(Contract):
    """What a source says; `modified_at` is when a file was written, None for what is counted as it is asked."""

    counts: tuple[DeploymentSeats, ...]
    modified_at: Moment | None = None


class CountedDeployment(Contract):
    """A deployment to be counted: its id, and how the product may name it instead (subdomain or reported uuid)."""

    deployment_id: str
    name: str


class SeatPullInput(Contract):
    """Count seats: of one customer, of `everyone`, or of those whose turn it is; nothing is written unless `apply`."""

    org_id: str
    customer_id: str | None = None
    everyone: bool = False
    apply: bool = True
    at: Moment | None = None

    @property
    def moment(self) -> Moment:
        """Return as of when to count; the workflow names it, so that a retry has the same one."""
        return self.at or datetime.now(UTC)

    @property
    def by_hand(self) -> bool:
        """Tell whether somebody asked for it, and waits."""
        return self.everyone or self.customer_id is not None


class SeatBatch(Contract):
    """Customers of one source that are counted together, as of `at`."""

    org_id: str
    seat_source_id: str
    customer_ids: tuple[str, ...]
    at: Moment
    apply: bool = True
    attempts: int = 1


class SeatBatches(Contract):
    """Who is to be counted."""

    batches: tuple[SeatBatch, ...]


class CountedSeats(Contract):
    """What came of counting one customer: a count, or why there is none (`code` and `message`).

    `is_new` tells that the moment was not known; `pushed_*` is the newest count that the product reported by itself.
    """

    customer_id: str
    deployment_id: str
    observed_at: Moment | None = None
    members: int | None = None
    guests: int | None = None
    is_new: bool = False
    pushed_at: Moment | None = None
    pushed_members: int | None = None
    pushed_guests: int | None = None
    code: str | None = None
    message: str | None = None

    @property
    def differs(self) -> bool:
        """Tell whether the product reported another number than it is counted with."""
        pushed, pulled = (self.pushed_members, self.pushed_guests), (self.members, self.guests)
        return None not in (*pushed, *pulled) and pushed != pulled


class CountedBatch(Contract):
    """What came of counting a batch, and the plans that waited for it."""

    counts: tuple[CountedSeats, ...]
    waiting_plan_ids: tuple[str, ...] = ()


class SeatPullResult(Contract):
    """What came of counting seats: how many customers were counted and how many could not be, and the first of them."""

    counted: int = 0
    failed: int = 0
    counts: tuple[CountedSeats, ...] = ()

    @classmethod
    def of(cls, counts: Iterable[CountedSeats]) -> Self:
        """Return the result, those that failed first."""
        ordered = sorted(counts, key=lambda one: one.code is None)
        failed = sum(one.code is not None for one in ordered)
        return cls(counted=len(ordered) - failed, failed=failed, counts=tuple(ordered[:MOST_SHOWN]))


class SeatMemberRecord(Contract):
    """Somebody who took a seat in `[since, until)`; the hash is `member_hash` of the product's own id."""

    member_hash: str
    is_guest: bool
    since: Moment
    until: Moment | None


def member_hash(deployment_id: str, person_id: str) -> str:
    """Return what a person is called in our records: SHA-256 of the deployment's id, a line break and the person's."""
    return sha256(f"{deployment_id}\n{person_id}".encode()).hexdigest()
