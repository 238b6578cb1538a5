"""Dry runs that are asked for over HTTP and in the console, and go on in the background."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billflow.domain.errors import InvalidInput
from billflow.domain.moments import check_near
from billflow.domain.rule_change import RuleChange
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.dry_run import DryRunCreate, DryRunRecord, DryRunRef
from billflow.models.contracts.keys import NamespacedKey
from billflow.service.dry_run import DryRunService, below
from billflow.settings import Settings
from billflow.store.session.repositories import Repositories
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import dry_run_workflow


@dataclass(frozen=True)
class AskedDryRuns:
    """Dry runs that go on in the background, as their callers see them."""

    control: WorkflowControl
    repositories: Repositories
    dry_runs: DryRunService
    settings: Settings

    async def create(self, org_id: str, asked: DryRunCreate, key: NamespacedKey, change: ChangeContext) -> DryRunRecord:
        """Begin a dry run, once for each *key*, of the rules as they would be applied now.

        Raises `InvalidInput`, `NotFound` or `Refused` that names the field for what could not be applied, and `Refused`
        while as many go on as may.
        """
        record = await self.repositories.dry_runs.asked_by(org_id, key)
        if record is None:
            tried = await self._tried(org_id, asked, change.at)
            kept = timedelta(days=self.settings.keep_dry_runs_days)
            record = await self.repositories.dry_runs.create(org_id, asked, tried, key, kept, change)
        if record.status.goes_on:
            ref = DryRunRef(org_id=org_id, dry_run_id=record.dry_run_id)
            await self.control.start(dry_run_workflow(ref))
        return record

    async def _tried(self, org_id: str, asked: DryRunCreate, now: datetime) -> RuleChange:
        if asked.until is not None:
            if asked.until <= now:
                raise InvalidInput("until has passed; name a moment to come.", code="until_passed", field="until")
            check_near(asked.until, now, "until")
        catalog = asked.catalog
        if asked.catalog_version is not None:
            if catalog is not None:
                raise InvalidInput("Name either catalog or catalog_version.", field="catalog_version")
            with below("catalog_version"):
                _, catalog = await self.repositories.catalogs.version(org_id, asked.catalog_version)
        await self.dry_runs.check_filter(org_id, asked.only)
        return await self.dry_runs.change(org_id, catalog, asked.tax, asked.reprice, asked.dunning)
