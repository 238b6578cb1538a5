"""What a customer may do to its plan by itself, by names in addresses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from billflow.domain import commands as c
from billflow.domain.errors import InvalidInput
from billflow.domain.lifecycle import ROWS
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.portal import PortalSettings
from billflow.models.contracts.records import PlanRecord
from billflow.pages import confirmations

_LARGEST = 9


@dataclass(frozen=True)
class PortalAction:
    """One thing to do: the `ability` that allows it, its command, and the `field` that is filled in for it, if any."""

    ability: str
    command: Callable[[PlanRecord, str], c.PlanCommand]
    kinds: tuple[type[Any], ...]
    suits: Callable[[PlanRecord], bool] = lambda plan: plan.fixed_price is None
    field: str | None = None


def licenses_in(text: str) -> int:
    """Return a number of licenses that was typed; raises `InvalidInput`."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LARGEST):
        raise InvalidInput("licenses must be a whole number.", field="licenses")
    return int(text)


def _bought_by_hand(plan: PlanRecord) -> bool:
    return plan.fixed_price is None and plan.license_management is LicenseManagement.MANUAL


def _cancel(plan: PlanRecord, _: str) -> c.PlanCommand:
    return c.DowngradeAtEndOfFreeTrial() if plan.status is PlanStatus.FREE_TRIAL else c.DowngradeAtEndOfCycle()


ACTIONS: Mapping[str, PortalAction] = {
    "licenses": PortalAction(
        "change_licenses",
        lambda _, text: c.SetLicenses(licenses=licenses_in(text)),
        (c.SetLicenses,),
        lambda plan: _bought_by_hand(plan) and not plan.status.in_trial,
        "licenses",
    ),
    "licenses-at-renewal": PortalAction(
        "change_licenses",
        lambda _, text: c.SetLicensesAtRenewal(licenses=licenses_in(text)),
        (c.SetLicensesAtRenewal,),
        _bought_by_hand,
        "licenses_at_next_renewal",
    ),
    "annual": PortalAction(
        "switch_schedule",
        lambda *_: c.SwitchToAnnual(),
        (c.SwitchToAnnual,),
        lambda plan: plan.fixed_price is None and plan.schedule is not Schedule.ANNUAL,
    ),
    "monthly": PortalAction(
        "switch_schedule",
        lambda *_: c.SwitchToMonthly(),
        (c.SwitchToMonthly,),
        lambda plan: plan.fixed_price is None and plan.schedule is not Schedule.MONTHLY,
    ),
    "upgrade": PortalAction("upgrade", lambda _, text: c.UpgradeTierNow(tier=text), (c.UpgradeTierNow,), field="tier"),
    "cancel": PortalAction("cancel", _cancel, (c.DowngradeAtEndOfCycle, c.DowngradeAtEndOfFreeTrial), lambda _: True),
    "undo": PortalAction("undo", lambda *_: c.CancelScheduledChange(), (c.CancelScheduledChange,), lambda _: True),
}
"""Every action by its name in addresses."""


def offered(plan: PlanRecord, may: PortalSettings) -> tuple[str, ...]:
    """Return the actions that the plan's status and terms, and the portal's settings allow."""
    return tuple(
        name
        for name, one in ACTIONS.items()
        if getattr(may, one.ability)
        and one.suits(plan)
        and any(plan.status in ROWS[kind].statuses for kind in one.kinds)
    )


def key_in(form: Mapping[str, str]) -> NamespacedKey:
    """Return the key of a confirmation, under which it is done once however often it is sent; raises `InvalidInput`."""
    return confirmations.key_in(form, KeyNamespace.PORTAL)
