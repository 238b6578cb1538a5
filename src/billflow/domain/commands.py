"""Everything one can ask of a running plan, as one union told apart by `type`.

To add a command, add its variant here, with the scope it needs, and its row in `lifecycle.ROWS`; update, signal, API,
CLI and preview follow.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from billflow.domain.calendar import check_zone
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.errors import InvalidInput
from billflow.domain.items import MAX_DESCRIPTION, checked_quantity
from billflow.domain.moments import checked_moment
from billflow.domain.money import MAX_PRICE, check_price
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.scopes import Scope, scoped
from billflow.domain.seats import checked_licenses

MAX_TRIAL_DAYS = 730
TRIAL_DAYS = 30
"""How long a trial may be that support has not granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLicenses:
    """Raise the licenses of the running cycle (manual management only)."""

    licenses: int
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_licenses"] = "set_licenses"

    def __post_init__(self) -> None:
        checked_licenses(self.licenses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLicensesAtRenewal:
    """Set the licenses the next cycle starts with (manual management only)."""

    licenses: int
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_licenses_at_renewal"] = "set_licenses_at_renewal"

    def __post_init__(self) -> None:
        checked_licenses(self.licenses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLicenseManagement:
    """Let licenses follow the seats, or buy them by hand."""

    license_management: LicenseManagement
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_license_management"] = "set_license_management"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchToAnnual:
    """Renew annually from the end of the running cycle; at once during a trial by card."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["switch_to_annual"] = "switch_to_annual"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchToMonthly:
    """Renew monthly from the end of the running cycle; at once during a trial by card."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["switch_to_monthly"] = "switch_to_monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradeAtEndOfCycle:
    """End the plan when the paid cycle is over."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["downgrade_at_end_of_cycle"] = "downgrade_at_end_of_cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradeAtEndOfFreeTrial:
    """End the plan when the trial is over, without a charge."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["downgrade_at_end_of_free_trial"] = "downgrade_at_end_of_free_trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelScheduledChange:
    """Take back a scheduled downgrade, switch or tier change."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["cancel_scheduled_change"] = "cancel_scheduled_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNow:
    """End the plan at once, forgiving what is not billed yet; optionally void every open invoice."""

    void_open_invoices: bool = scoped(default=False, scope=Scope.SUPPORT)
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["end_now"] = "end_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeTierNow:
    """Move to a higher tier at once, crediting the unused share of what was paid.

    Schedule and collection stay unless given. `offer_id` accepts an offer in place of a plan that costs nothing.
    """

    tier: str
    schedule: Schedule | None = None
    collection_method: CollectionMethod | None = None
    offer_id: str | None = None
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["upgrade_tier_now"] = "upgrade_tier_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTierAtPlanEnd:
    """Let another tier, at list price or a yearly `fixed_price`, follow when the plan's end date comes."""

    tier: str
    schedule: Schedule | None = None
    fixed_price: int | None = scoped(default=None, scope=Scope.SUPPORT)
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["schedule_tier_at_plan_end"] = "schedule_tier_at_plan_end"

    def __post_init__(self) -> None:
        check_price(self.fixed_price, "fixed_price", least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEndDate:
    """Let the plan end at `end_date`, without a refund for the rest of the cycle."""

    end_date: datetime
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_end_date"] = "set_end_date"

    def __post_init__(self) -> None:
        check_zone(self.end_date, "end_date")
        checked_moment(self.end_date, "end_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEndDate:
    """Let the plan run on without an end date."""

    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["remove_end_date"] = "remove_end_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendTrial:
    """Let the trial last that many days longer."""

    days: int
    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["extend_trial"] = "extend_trial"

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_TRIAL_DAYS:
            raise InvalidInput(f"days must lie between 1 and {MAX_TRIAL_DAYS}.", field="days")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCollectionMethod:
    """Charge the card, or send invoices, from the next invoice on."""

    collection_method: CollectionMethod
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_collection_method"] = "set_collection_method"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyDiscount:
    """Agree on prices per license for the plan's tier; 0 takes the discount for that schedule away."""

    monthly_discounted_price: int
    annual_discounted_price: int
    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["apply_discount"] = "apply_discount"

    def __post_init__(self) -> None:
        for field in ("monthly_discounted_price", "annual_discounted_price"):
            check_price(getattr(self, field), field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try a plan on hold again now; with `in_parts`, an invoice over the most that can be charged becomes several."""

    in_parts: bool = scoped(default=False, scope=Scope.SUPPORT)
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem:
    """Bill something once beside the licenses: on the next invoice, or at once on one of its own.

    `unit_amount` is in minor units of the plan's currency. It is for the time from `service_start` to `service_end`,
    where these are given. Invoices call it by its `description`, and keep that.
    """

    description: str
    unit_amount: int
    quantity: int = 1
    service_start: datetime | None = None
    service_end: datetime | None = None
    own_invoice: bool = False
    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["add_item"] = "add_item"

    def __post_init__(self) -> None:
        if not 1 <= len(self.description.strip()) <= MAX_DESCRIPTION:
            message = f"description must have 1 to {MAX_DESCRIPTION} characters; say what is billed."
            raise InvalidInput(message, field="description")
        if not 1 <= self.unit_amount <= MAX_PRICE:
            message = f"unit_amount must lie between 1 and {MAX_PRICE} minor units; grant a credit for less than 0."
            raise InvalidInput(message, field="unit_amount")
        checked_quantity(self.quantity, least=1)
        self._check_service()

    def _check_service(self) -> None:
        start, end = self.service_start, self.service_end
        if start is None and end is None:
            return
        for field, moment in (("service_start", start), ("service_end", end)):
            if moment is None:
                raise InvalidInput(f"{field} is missing; name both ends of the time, or neither.", field=field)
            check_zone(moment, field)
            checked_moment(moment, field)
        if start is not None and end is not None and start >= end:
            raise InvalidInput("service_end must be later than service_start.", field="service_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawItem:
    """Take back a one-off item, by its number, that no invoice has billed yet."""

    item: int
    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["withdraw_item"] = "withdraw_item"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAddOn:
    """Hold so many units of an add-on: more from now on, fewer from the next renewal on, 0 for none.

    `price` is what was agreed on for a unit and cycle, in place of the listed price.
    """

    add_on: str
    quantity: int
    price: int | None = scoped(default=None, scope=Scope.SUPPORT)
    scope: ClassVar[Scope] = Scope.WRITE
    type: Literal["set_add_on"] = "set_add_on"

    def __post_init__(self) -> None:
        checked_quantity(self.quantity, least=0)
        check_price(self.price, "price")


PlanCommand = (
    SetLicenses
    | SetLicensesAtRenewal
    | SetLicenseManagement
    | SwitchToAnnual
    | SwitchToMonthly
    | DowngradeAtEndOfCycle
    | DowngradeAtEndOfFreeTrial
    | CancelScheduledChange
    | EndNow
    | UpgradeTierNow
    | ScheduleTierAtPlanEnd
    | SetEndDate
    | RemoveEndDate
    | ExtendTrial
    | SetCollectionMethod
    | ApplyDiscount
    | Retry
    | AddItem
    | WithdrawItem
    | SetAddOn
    | BeginCutover
    | CancelCutover
)
