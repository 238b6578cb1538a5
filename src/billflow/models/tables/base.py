"""What every table has in common: types, names of constraints, and the columns all rows share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Computed,
    Dialect,
    ForeignKeyConstraint,
    MetaData,
    Text,
    TypeDecorator,
    func,
    text,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from billflow.errors import InternalError

Json = dict[str, Any]
"""A JSON object."""


_LAST = 1000


def _in_utc(value: datetime | None) -> datetime | None:
    return value.astimezone(UTC) if value is not None else None


class UtcMoment(TypeDecorator[datetime]):
    """A `timestamptz` that is always read as UTC; calendar arithmetic is done in UTC only."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone."""
        if value is not None and value.tzinfo is None:
            raise InternalError(f"{value} has no time zone.")
        return value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what reads a moment in UTC: itself, since lists read many."""
        return _in_utc


def _values(kind: type[Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Base(DeclarativeBase):
    """The base of all tables; one is named as its class, without `Row`, unless that says otherwise."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own declaration is not a ClassVar)
        str: Text,
        int: BigInteger,
        datetime: UtcMoment,
        Json: JSONB(none_as_null=True),
        StrEnum: EnumType(StrEnum, native_enum=False, create_constraint=True, length=40, values_callable=_values),
    }

    @declared_attr.directive
    @classmethod
    def __tablename__(cls) -> str:
        """Return the name of the table: that of `CreditNoteRow` is `credit_note`."""
        return "_".join(re.findall("[A-Z][a-z]+", cls.__name__.removesuffix("Row"))).lower()

    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012  (SQLAlchemy's own declaration is not a ClassVar)


class Owned:
    """A row of one organization; row-level security goes by this column."""

    org_id: Mapped[UUID] = mapped_column(sort_order=-1)


class Identified:
    """A row with an id of its own."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid4, server_default=text("gen_random_uuid()"), sort_order=-2
    )


class Written:
    """A row that says when it was written, in real time."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=_LAST)


class Stamped(Written):
    """A row that may change; a trigger keeps `updated_at`."""

    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=_LAST)


def in_org() -> ForeignKeyConstraint:
    """Return the link to the organization that owns the row."""
    return ForeignKeyConstraint(["org_id"], ["org.id"])


def belongs_to(table: str, column: str | None = None, **options: Any) -> ForeignKeyConstraint:
    """Return a link to a row of *table* in the same organization: one of another organization can't be named."""
    return ForeignKeyConstraint(["org_id", column or f"{table}_id"], [f"{table}.org_id", f"{table}.id"], **options)


def lowered(column: str) -> Computed:
    """Return *column* in lower case as a column: under row-level security no index serves a function's result."""
    return Computed(f"lower({column})", persisted=True)


def is_object(column: str) -> CheckConstraint:
    """Return the rule that *column* holds a JSON object."""
    return CheckConstraint(f"jsonb_typeof({column}) = 'object'", name=f"{column}_is_object")


def is_currency(column: str) -> CheckConstraint:
    """Return the rule that *column* looks like an ISO 4217 code."""
    return CheckConstraint(f"{column} ~ '^[A-Z]{{3}}$'", name=f"{column}_is_iso_4217")
