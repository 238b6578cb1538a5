"""Onboardings as rows: what was requested, and how far each part has come."""

from datetime import UTC, datetime

from billflow.domain.errors import NotFound
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.onboarding import (
    OnboardingInput,
    OnboardingOptions,
    OnboardingPart,
    OnboardingProgress,
    OnboardingStatus,
    PartProgress,
    ReportPartInput,
)
from billflow.models.tables import Onboarding
from billflow.ports.customers import OnboardingRepository
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.transactions import customer_change, customer_read
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id

_EVENTS = {
    OnboardingStatus.DONE: "customer.onboarded",
    OnboardingStatus.ON_HOLD: "customer.onboarding_on_hold",
    OnboardingStatus.FAILED: "customer.onboarding_failed",
}


class PostgresOnboardingRepository(Repository, OnboardingRepository):
    """The onboarding of each customer; every method is one transaction. Unknown ids raise `NotFound`."""

    async def begin(
        self, ref: CustomerRef, options: OnboardingOptions, change: ChangeContext
    ) -> tuple[OnboardingInput, OnboardingProgress]:
        """Write down what is requested, unless an onboarding runs or is done; a failed one begins anew.

        Return what is to be done, and how far it has come.
        """
        async with customer_change(self.database, ref, change) as (customer, recorder):
            row = await recorder.session.get(Onboarding, customer.id)
            if row is None:
                row = Onboarding(
                    org_id=customer.org_id, customer_id=customer.id, status=OnboardingStatus.FAILED, parts={}
                )
                recorder.session.add(row)
            if row.status is OnboardingStatus.FAILED:
                row.status, row.started_at = OnboardingStatus.RUNNING, change.at
                row.wishes = options.model_dump(mode="json", exclude_unset=True)
                recorder.audit("customer.onboarding_started", ("customer", customer.id), detail=row.wishes)
            await recorder.session.flush()
            begun = OnboardingInput(
                org_id=ref.org_id,
                customer_id=str(customer.id),
                actor=change.actor,
                options=OnboardingOptions.model_validate(row.wishes),
                at=row.started_at,
            )
            return begun, _progress(row)

    async def get(self, ref: CustomerRef) -> OnboardingProgress:
        """Return how far a customer's onboarding has come; raises `NotFound` where none began."""
        async with customer_read(self.database, ref) as (customer, session):
            row = await session.get(Onboarding, customer.id)
            if row is None:
                raise NotFound(f"The customer {ref.customer_id!r} was not onboarded.")
            return _progress(row)

    async def record_part(self, report: ReportPartInput) -> OnboardingProgress:
        async with self.database.unit_of_work(report.org_id) as session:
            key = as_id(report.customer_id, "customer")
            row = await session.get(Onboarding, key, with_for_update=True)
            if row is None:
                return _of_erased_customer(report)
            progress = report.progress.model_dump(mode="json")
            turned = row.status is not report.status
            row.parts = {**row.parts, report.progress.part: progress}
            row.status = report.status
            if turned and (event := _EVENTS.get(report.status)) and report.progress.at:
                recorder = Recorder(session, row.org_id, report.progress.at)
                recorder.audit(event, ("customer", key), detail=progress)
                recorder.publish(event, progress, customer_id=key)
            return _progress(row)


def _of_erased_customer(report: ReportPartInput) -> OnboardingProgress:
    return OnboardingProgress(
        customer_id=report.customer_id,
        status=report.status,
        parts=(report.progress,),
        started_at=report.progress.at or datetime.now(UTC),
    )


def _progress(row: Onboarding) -> OnboardingProgress:
    parts = [row.parts.get(part, {"part": part}) for part in OnboardingPart]
    return OnboardingProgress(
        customer_id=str(row.customer_id),
        status=row.status,
        parts=tuple(map(PartProgress.model_validate, parts)),
        started_at=row.started_at,
    )
