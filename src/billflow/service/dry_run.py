"""What a dry run needs of the records: the facts of every plan and debt, and the rules that are to be tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.dunning import DunningPolicy
from billflow.domain.errors import BillingError
from billflow.domain.rule_change import Repricing, RuleChange
from billflow.dry_run.folder import FactsFolder, Recording
from billflow.dry_run.run import Progress
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.dry_run import DryRunFilter, RepriceDocument
from billflow.models.contracts.dunning_policy import DunningDocument
from billflow.models.contracts.steps import PlanRef
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.store.session.repositories import Queries, Repositories


@dataclass(frozen=True)
class DryRunService:
    """Dry runs as far as they need the billing database; nothing here writes to it."""

    repositories: Repositories
    queries: Queries

    async def change(
        self,
        org_id: str,
        catalog: CatalogDocument | None = None,
        tax: TaxDocument | None = None,
        repricing: RepriceDocument | None = None,
        dunning: DunningDocument | None = None,
    ) -> RuleChange:
        """Return what is to be tried; raises what applying it would raise, with the field below its part's name."""
        with below("catalog"):
            sold = await self.repositories.catalogs.check(org_id, catalog) if catalog else None
        repriced = Repricing(**repricing.model_dump()) if repricing else None
        if repriced:
            with below("reprice"):
                known = sold or await self.repositories.catalogs.current(org_id)
                known.tier(repriced.tier).check_billable("tier", "name a tier that is")
        with below("tax"):
            taxed = (await self.repositories.taxes.check(org_id, tax)).tax if tax else None
        with below("dunning"):
            collected = await self._policy(org_id, dunning) if dunning else None
        return RuleChange(catalog=sold, tax=taxed, repricing=repriced, dunning=collected)

    async def check_filter(self, org_id: str, wanted: DryRunFilter) -> None:
        """Raise `NotFound`, which names the field, for a plan, customer or test clock that there is not."""
        if wanted.plan_id is not None:
            with below("only.plan_id"):
                await self.queries.plans.get(PlanRef(org_id=org_id, plan_id=wanted.plan_id))
        if wanted.customer_id is not None:
            with below("only.customer_id"):
                await self.queries.customers.get(org_id, wanted.customer_id)
        if wanted.test_clock_id is not None:
            with below("only.test_clock_id"):
                await self.repositories.test_clocks.get(org_id, wanted.test_clock_id)

    async def _policy(self, org_id: str, asked: DunningDocument) -> DunningPolicy:
        return await self.repositories.dunning.check_policy(org_id, asked.named)

    async def record(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> Recording:
        """Record the facts of every plan that runs and is *wanted*, all as of one moment, unless they are there.

        What is open of their invoices is recorded too. Raises `InvalidInput` where the folder holds those of others.
        """
        return await self.queries.facts_recorder.record(org_id, wanted, folder, now, progress)


@contextmanager
def below(part: str) -> Iterator[None]:
    """Name the field of a refusal as the whole request has it."""
    try:
        yield
    except BillingError as error:
        error.field = part if error.field in (None, part) else f"{part}.{error.field}"
        raise
