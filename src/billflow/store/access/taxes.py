"""Applying how an organization taxes, and what was applied so far."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.tax.policy import EU, TaxMode, TaxTimeline
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.tax_rates import TaxDocument, TaxResponse, TaxVersionRecord, midnight
from billflow.models.tables import TaxVersionRow
from billflow.store.access.seller_records import current_seller
from billflow.store.access.tax_records import current_settings
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id

_NEWEST_FIRST: Select[TaxVersionRow] = select(TaxVersionRow).order_by(TaxVersionRow.version.desc())


class PostgresTaxRepository(Repository):
    """How organizations tax; every method is one transaction."""

    async def get(self, org_id: str, now: datetime) -> TaxResponse:
        """Return how invoices are taxed by the newest version, and which version holds at *now*."""
        async with self.database.unit_of_work(org_id) as session:
            return await _shown(session, now)

    async def document(self, org_id: str) -> TaxDocument:
        """Return the newest version as it was written; mode none where nothing was applied."""
        async with self.database.unit_of_work(org_id) as session:
            newest = (await session.scalars(_NEWEST_FIRST.limit(1))).one_or_none()
            return TaxDocument.model_validate(newest.content) if newest else TaxDocument(mode=TaxMode.NONE)

    async def check(self, org_id: str, document: TaxDocument) -> BillingSettings:
        """Return settings by which *document* would tax, over what was applied before.

        Raises `Refused` where it can't be applied.
        """
        async with self.database.unit_of_work(org_id) as session:
            home = await _checked_home(session, document)
            now = await current_settings(session, DEFAULT_SETTINGS)
            return BillingSettings(tax=TaxTimeline((document.policy(home), *now.tax.versions)))

    async def apply(self, org_id: str, document: TaxDocument, change: ChangeContext) -> TaxResponse:
        """Tax invoices by *document*, those dated from its first day on; the newest version saying so stays that.

        Raises `Refused` for rates of one's own without a seller, or without a rate of the seller's country.
        """
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"tax {org_id}")
            await _checked_home(session, document)
            newest = (await session.scalars(_NEWEST_FIRST.limit(1))).one_or_none()
            if newest is None or newest.content != document.content():
                _add(session, org_id, document, change, version=newest.version + 1 if newest else 1)
            return await _shown(session, change.at)


def _add(session: AsyncSession, org_id: str, document: TaxDocument, change: ChangeContext, *, version: int) -> None:
    owner = as_id(org_id, "organization")
    session.add(
        TaxVersionRow(
            org_id=owner,
            version=version,
            content=document.content(),
            starts_at=midnight(document.starts_on),
            actor=change.actor,
            reason=change.reason,
            at=change.at,
        )
    )
    detail = {"version": version, "mode": document.mode} | ({"reason": change.reason} if change.reason else {})
    recorder = recorder_of(session, owner, change)
    recorder.audit("tax.applied", ("org", owner), detail=detail)
    starts_on = document.starts_on.isoformat() if document.starts_on else None
    recorder.publish("tax.applied", {"version": version, "mode": document.mode, "starts_on": starts_on})


async def _checked_home(session: AsyncSession, document: TaxDocument) -> str | None:
    """Return the country of the seller, which rates of one's own go by."""
    _, seller = await current_seller(session)
    home = seller.address.country if seller else None
    if document.mode is not TaxMode.OWN_RATES:
        return home
    if home is None:
        message = "There is no seller yet, whose country decides on tax; apply one before its rates."
        raise Refused(message, code="no_seller", field="mode")
    if home in EU and all(rate.country != home for rate in document.rates):
        message = f"There is no rate for {home}, where the seller is; add one."
        raise Refused(message, code="no_tax_rate", field="rates")
    return home


async def _shown(session: AsyncSession, now: datetime) -> TaxResponse:
    await session.flush()
    rows = list(await session.scalars(_NEWEST_FIRST))
    if not rows:
        return TaxResponse(version=0)
    holding = next((row for row in rows if row.starts_at is None or row.starts_at <= now), None)
    document = TaxDocument.model_validate(rows[0].content)
    return TaxResponse(
        version=rows[0].version,
        **{name: getattr(document, name) for name in TaxDocument.model_fields},
        versions=tuple(_record(row, holds=row is holding) for row in rows),
    )


def _record(row: TaxVersionRow, *, holds: bool) -> TaxVersionRecord:
    document = TaxDocument.model_validate(row.content)
    return TaxVersionRecord(
        version=row.version,
        mode=document.mode,
        starts_on=document.starts_on,
        applied_at=row.at,
        applied_by=row.actor,
        reason=row.reason,
        holds=holds,
    )
