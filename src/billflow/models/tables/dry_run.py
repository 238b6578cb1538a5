"""Dry runs: what was asked, how far one is, its facts while it goes on, and what it found until it expires."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.dry_run import DryRunStatus
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, belongs_to, in_org, is_object
from billflow.models.tables.sealed import SealedBytes


class DryRunRow(Identified, Owned, Stamped, Base):
    """What is tried, once for each `key`; `change` is JSON of the rules that are tried, as they were when asked.

    `summary` is JSON of what was found, in amounts of minor units.
    """

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "key"),
        Index("ix_dry_run_org_id_created_at", "org_id", "created_at", "id"),
        is_object("asked"),
    )

    key: Mapped[str]
    asked: Mapped[Json]
    change: Mapped[bytes]
    status: Mapped[DryRunStatus]
    until: Mapped[datetime | None]
    plans: Mapped[int | None]
    plans_done: Mapped[int] = mapped_column(server_default="0")
    taken_at: Mapped[datetime | None]
    created_by: Mapped[str]
    finished_at: Mapped[datetime | None]
    kept_until: Mapped[datetime]
    code: Mapped[str | None]
    message: Mapped[str | None]
    summary: Mapped[bytes | None] = mapped_column(SealedBytes("dry_run.summary"))


class DryRunChunkRow(Identified, Owned, Base):
    """The facts of some plans, or of some customers with their debts, until they are billed; then what differs.

    Both are files of `billflow.dry_run`, compressed. `different` counts what differs.
    """

    __table_args__ = (
        belongs_to("dry_run", ondelete="CASCADE"),
        UniqueConstraint("dry_run_id", "position"),
    )

    dry_run_id: Mapped[UUID]
    position: Mapped[int]
    plans: Mapped[int]
    debtors: Mapped[int]
    facts: Mapped[bytes | None] = mapped_column(SealedBytes("dry_run_chunk.facts"))
    result: Mapped[bytes | None] = mapped_column(SealedBytes("dry_run_chunk.result"))
    different: Mapped[int | None]
