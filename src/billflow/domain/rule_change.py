"""Rules that a plan does not go by yet, put in the place of those that it does: what would be billed by them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billflow.domain.catalog import Catalog
from billflow.domain.dunning import DunningPolicy
from billflow.domain.step import Facts
from billflow.domain.tax.policy import TaxTimeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Repricing:
    """The plans of a tier get the price that is listed, at their first renewal after a date and a notice (rules 14.1).

    No renewal before `starts_at` has it, and none within `notice_days` of the moment that it is announced.
    """

    tier: str
    starts_at: datetime
    notice_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What is to be otherwise: what is sold, how it is taxed, what plans that run pay, how debts are collected.

    What is None stays.
    """

    catalog: Catalog | None = None
    tax: TaxTimeline | None = None
    repricing: Repricing | None = None
    dunning: DunningPolicy | None = None

    @property
    def changes_bills(self) -> bool:
        """Tell whether anything is billed otherwise."""
        return replace(self, dunning=None) != NO_CHANGE

    def applied_to(self, facts: Facts, now: datetime) -> Facts:
        """Return the facts as they would be, had it been applied at *now*.

        Raises `InvalidInput` where the repriced tier has no price for the plan.
        """
        if self.catalog is not None:
            facts = resold(facts, self.catalog)
        if self.tax is not None:
            facts = replace(facts, settings=replace(facts.settings, tax=self.tax))
        return repriced(facts, self.repricing, now) if self.repricing else facts


NO_CHANGE = RuleChange()


def resold(facts: Facts, catalog: Catalog) -> Facts:
    """Return the facts of a plan whose next step is the first by *catalog*; its newest one went by an older one."""
    return replace(facts, catalog=catalog, former_catalog=facts.former_catalog or facts.catalog)


def repriced(facts: Facts, asked: Repricing, now: datetime) -> Facts:
    """Return the facts of a plan that the listed price is announced to at *now*.

    A fixed price, one that support agreed on and one that is listed already stay. Raises `InvalidInput` where there is
    no listed one.
    """
    plan, customer = facts.plan, facts.customer
    if plan.tier != asked.tier or not plan.status.is_live or plan.price_per_license is None:
        return facts
    listed = facts.catalog.tier(plan.tier).price(plan.schedule, plan.currency)
    if listed == plan.price_per_license or customer.discounted_price(plan.tier, plan.schedule) is not None:
        return facts
    not_before = max(asked.starts_at, now + timedelta(days=asked.notice_days))
    return replace(facts, plan=replace(plan, next_price=listed, next_price_from=not_before))
