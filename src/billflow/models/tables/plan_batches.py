"""Batches of plans: one command for each of many, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.plan_batches import BatchItemStatus, BatchStatus
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, belongs_to, in_org, is_object


class PlanBatchRow(Identified, Owned, Stamped, Base):
    """A command for the plans that fitted the filter `plans` when it was made, once for each `key`."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "key"),
        Index("ix_plan_batch_org_id_created_at", "org_id", "created_at", "id"),
        is_object("command"),
        is_object("plans"),
    )

    key: Mapped[str]
    command: Mapped[Json]
    plans: Mapped[Json]
    status: Mapped[BatchStatus]
    created_by: Mapped[str]
    reason: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    previewed_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PlanBatchItemRow(Owned, Base):
    """A plan of a batch: its version and what the command would do to it at the dry run, and what came of it.

    Amounts in minor units of the plan's currency.
    """

    __table_args__ = (
        belongs_to("plan_batch"),
        belongs_to("customer_plan", "plan_id"),
        UniqueConstraint("plan_batch_id", "plan_id"),
        Index("ix_plan_batch_item_plan_batch_id_status_position", "plan_batch_id", "status", "position"),
    )

    plan_batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    status: Mapped[BatchItemStatus]
    plan_version: Mapped[int | None]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    billed: Mapped[int | None]
    next_invoice_before: Mapped[int | None]
    next_invoice_after: Mapped[int | None]
    code: Mapped[str | None]
    message: Mapped[str | None]
    at: Mapped[datetime | None]
