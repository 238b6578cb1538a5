"""Who uses billflow: organizations, the tenants that all other rows belong to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Base, Identified, Json, Stamped, is_object


class Org(Identified, Stamped, Base):
    """One tenant; its id follows from its slug (decision 0010). With `livemode` it bills real money, for good.

    Former rows from before `former_rows_since` were deleted by their age.
    """

    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug_is_dns_label"),
        is_object("settings"),
    )

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    livemode: Mapped[bool] = mapped_column(server_default=text("false"))
    settings: Mapped[Json] = mapped_column(server_default="{}")
    former_rows_since: Mapped[datetime | None]
