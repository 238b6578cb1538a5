"""What a cutover needs: the plan's old subscription, and Stripe as far as that is concerned."""

from datetime import datetime
from typing import Protocol

from billflow.domain.old_system import OldSubscription
from billflow.models.contracts.cutovers import CreditLeft, OldSubscriptionRef
from billflow.models.contracts.steps import PlanRef


class OldSubscriptions(Protocol):
    """Subscriptions that billed before; raises `PaymentsUnavailable` (try again), `PaymentsRejected` or `Refused`."""

    async def find(self, old: OldSubscriptionRef) -> OldSubscription:
        """Return it as it stands; raises `Refused` where it can't be told to end."""

    async def end(self, old: OldSubscriptionRef, date: datetime, name: str) -> OldSubscription:
        """Let it end at *date*, or with its period where that ends later; once for each *name*, and verified.

        Raises `Refused` where it can't be told to.
        """

    async def keep(self, old: OldSubscriptionRef, name: str) -> OldSubscription:
        """Let it go on, unless it is over or somebody else gave it its end; once for each *name*, and verified."""

    async def credit_left(self, old: OldSubscriptionRef) -> CreditLeft | None:
        """Return what its customer has in credit, None where that is nothing."""


class CutoverRepository(Protocol):
    """What the rows know of cutovers beside the plan itself."""

    async def bills_real_money(self, org_id: str) -> bool | None:
        """Tell whether an organization bills real money."""

    async def take_credit(self, plan: PlanRef, left: CreditLeft, at: datetime) -> None:
        """Write once what a plan's customer has in credit at Stripe, where that is the customer that is billed here."""
