"""What a catalogue would change before it is applied: fields of tiers, and the next invoices of plans that run."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from billflow.domain.preview import Forecast, forecast
from billflow.domain.rule_change import resold
from billflow.domain.step import Facts
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.catalog_changes import CatalogDiff, NextInvoice, PlanEffect, changes_between
from billflow.models.contracts.records import PlanRecord
from billflow.store.plans.queries import PostgresPlanQueries
from billflow.store.session.repositories import Queries, Repositories

MOST_EXAMINED = 500
"""Plans whose next invoice is looked at; a forecast takes milliseconds, and somebody waits."""


@dataclass(frozen=True)
class CatalogService:
    """Catalogues as those who change them see them."""

    repositories: Repositories
    queries: Queries

    async def diff(self, org_id: str, document: CatalogDocument) -> CatalogDiff:
        """Return what *document* would change and whose next invoice; nothing is written.

        Raises what applying it would raise.
        """
        _, sold = await self.repositories.catalogs.version(org_id)
        new = await self.repositories.catalogs.check(org_id, document)
        changes = changes_between(sold, document)
        tiers = sorted({change.tier for change in changes if change.tier})
        plans, count = await self.queries.plans.on_tiers(org_id, tiers, MOST_EXAMINED)

        change = partial(resold, catalog=new)
        effects = [await effect_on(self.queries.plans, plan, change) for plan in plans]
        touched = tuple(effect for effect in effects if effect.before != effect.after)
        return CatalogDiff(changes=changes, plans=count, examined=len(plans), touched=touched)


async def effect_on(queries: PostgresPlanQueries, plan: PlanRecord, change: Callable[[Facts], Facts]) -> PlanEffect:
    """Return a plan's next invoice as it is to be, and as it would be once *change* is made to the facts."""
    now = plan.clock_at or datetime.now(UTC)
    facts = await queries.facts(plan.ref, now)
    changed = change(facts)
    before, after = await asyncio.to_thread(lambda: (_next(facts, now), _next(changed, now)))
    return PlanEffect(
        plan_id=plan.plan_id,
        customer_id=plan.customer_id,
        customer_name=plan.customer_name,
        tier=plan.tier,
        currency=plan.currency,
        before=before,
        after=after,
    )


def _next(facts: Facts, now: datetime) -> NextInvoice:
    found: Forecast = forecast(facts, 1, now=now)
    on_hold = found.on_hold.message if found.on_hold else None
    if not found.invoices:
        return NextInvoice(on_hold=on_hold)
    coming = found.invoices[0]
    return NextInvoice(at=coming.at, total=coming.total, automatic_tax=coming.automatic_tax)
