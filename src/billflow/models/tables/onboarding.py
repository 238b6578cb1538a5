"""Taking new customers in: how far each has come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.onboarding import OnboardingStatus
from billflow.models.tables.base import Base, Json, Owned, Stamped, belongs_to, is_object


class Onboarding(Owned, Stamped, Base):
    """The onboarding of one customer; `parts` maps each part to its progress."""

    __table_args__ = (belongs_to("customer"), is_object("wishes"), is_object("parts"))

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[OnboardingStatus]
    wishes: Mapped[Json]
    parts: Mapped[Json] = mapped_column(server_default="{}")
    started_at: Mapped[datetime]
