"""What a tax file would change before it is applied: its fields, and the next invoices of plans that run."""

from dataclasses import dataclass, replace

from billflow.domain.step import Facts
from billflow.models.contracts.tax_rates import TaxDiff, TaxDocument, changes_between
from billflow.service.catalog import MOST_EXAMINED, effect_on
from billflow.store.session.repositories import Queries, Repositories


@dataclass(frozen=True)
class TaxService:
    """Taxes as those who change them see them."""

    repositories: Repositories
    queries: Queries

    async def diff(self, org_id: str, document: TaxDocument) -> TaxDiff:
        """Return what *document* would change and whose next invoice; nothing is written.

        Raises what applying it would raise.
        """
        changed = (await self.repositories.taxes.check(org_id, document)).tax
        changes = changes_between(await self.repositories.taxes.document(org_id), document)
        _, sold = await self.repositories.catalogs.version(org_id)
        tiers = sorted(sold.tier) if changes else []
        plans, count = await self.queries.plans.on_tiers(org_id, tiers, MOST_EXAMINED)

        def taxed(facts: Facts) -> Facts:
            return replace(facts, settings=replace(facts.settings, tax=changed))

        effects = [await effect_on(self.queries.plans, plan, taxed) for plan in plans]
        touched = tuple(effect for effect in effects if effect.before != effect.after)
        return TaxDiff(changes=changes, plans=count, examined=len(plans), touched=touched)
