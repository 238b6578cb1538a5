"""Applying a seller, and what was applied: each version with its logo, as invoices keep them."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound, Refused
from billflow.domain.settings import DEFAULT_SETTINGS
from billflow.domain.tax.policy import EU, TaxMode
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.documents import Logo, Seller
from billflow.models.contracts.seller import SellerDocument, SellerResponse
from billflow.models.tables import Org, SellerVersionRow
from billflow.store.access.tax_records import current_settings
from billflow.store.audit.recorder import recorder_of
from billflow.store.invoices.series import begin_series, series_of
from billflow.store.session.database import ORG, Repository, advisory_lock
from billflow.store.session.rows import as_id, row_by_id

_NEWEST: Select[SellerVersionRow] = select(SellerVersionRow).order_by(SellerVersionRow.version.desc()).limit(1)


class PostgresSellerRepository(Repository):
    """Who sells in each organization; every method is one transaction."""

    async def get(self, org_id: str) -> SellerResponse:
        """Return who sells now; version 0 as long as nothing was applied."""
        async with self.database.unit_of_work(org_id) as session:
            return await _shown(session, await _newest(session))

    async def apply(
        self, org_id: str, document: SellerDocument, change: ChangeContext, logo: Logo | None = None
    ) -> SellerResponse:
        """Let invoices be issued by *document* from now on; without a *logo* the one there is stays.

        Where the newest version says the same, that one stays the newest. Raises `Refused` where invoice numbers would
        go back, and for a member state of the Union that the rates in force have none for.
        """
        async with self.database.unit_of_work(org_id) as session:
            newest = await _locked(session, org_id)
            await _check_rate(session, document.address.country)
            if document.numbering:
                await begin_series(session, as_id(org_id, "organization"), document.numbering)
            return await _applied(session, newest, (document, logo or _logo(newest)), change)

    async def set_logo(self, org_id: str, logo: Logo | None, change: ChangeContext) -> SellerResponse:
        """Print another logo from now on, or none; raises `Refused` where no seller was applied yet."""
        async with self.database.unit_of_work(org_id) as session:
            newest = await _locked(session, org_id)
            if newest is None:
                raise Refused("There is no seller yet; apply one before its logo.", code="no_seller", field="logo")
            return await _applied(session, newest, (SellerDocument.model_validate(newest.content), logo), change)

    async def logo(self, org_id: str) -> Logo:
        """Return the logo that is printed; raises `NotFound` where there is none."""
        async with self.database.unit_of_work(org_id) as session:
            found = _logo(await _newest(session))
        if found is None:
            raise NotFound("There is no logo.", field="logo")
        return found

    async def printed(self, org_id: str, version_id: str | None, *, is_issued: bool) -> Seller:
        """Return who sells by an invoice: the version it was issued with, the newest one before it is issued.

        One that was issued without a version has the organization's name alone. Raises `NotFound`.
        """
        async with self.database.unit_of_work(org_id) as session:
            if version_id is not None:
                row = await row_by_id(session, SellerVersionRow, version_id, "version of the seller")
                return _seller(row)
            newest = None if is_issued else await _newest(session)
            if newest is not None:
                return _seller(newest)
            return Seller(name=(await row_by_id(session, Org, org_id, "organization")).name)


async def _check_rate(session: AsyncSession, home: str) -> None:
    """Raise `Refused` where the newest rates have none of the country that the seller is in, as `tax apply` does."""
    newest = (await current_settings(session, DEFAULT_SETTINGS)).tax.versions[:1]
    if home in EU and any(one.mode is TaxMode.OWN_RATES and not one.has_rate(home) for one in newest):
        message = f"There is no tax rate for {home}, where the seller is; add it to the tax file, and apply that first."
        raise Refused(message, code="no_tax_rate", field="address.country")


async def _newest(session: AsyncSession) -> SellerVersionRow | None:
    found: SellerVersionRow | None = (await session.scalars(_NEWEST)).one_or_none()
    return found


async def _locked(session: AsyncSession, org_id: str) -> SellerVersionRow | None:
    """Return the newest version, which stays the newest until the transaction ends."""
    await advisory_lock(session, f"seller {org_id}")
    return await _newest(session)


async def _applied(
    session: AsyncSession,
    newest: SellerVersionRow | None,
    seller: tuple[SellerDocument, Logo | None],
    change: ChangeContext,
) -> SellerResponse:
    """Add a version, unless the newest says the same; return who sells then."""
    document, logo = seller
    content = document.content()
    if newest and (newest.content, _logo(newest)) == (content, logo):
        return await _shown(session, newest)
    row = SellerVersionRow(
        org_id=as_id(str(session.info[ORG]), "organization"),
        version=newest.version + 1 if newest else 1,
        content=content,
        logo=logo.content if logo else None,
        logo_type=logo.media_type if logo else None,
        actor=change.actor,
        reason=change.reason,
        at=change.at,
    )
    session.add(row)
    detail = {"version": row.version} | ({"reason": change.reason} if change.reason else {})
    recorder = recorder_of(session, row.org_id, change)
    recorder.audit("seller.applied", ("org", row.org_id), detail=detail)
    recorder.publish("seller.applied", {"version": row.version})
    return await _shown(session, row)


async def _shown(session: AsyncSession, row: SellerVersionRow | None) -> SellerResponse:
    await session.flush()
    series = await series_of(session)
    if row is None:
        return SellerResponse(version=0, applied_at=None, applied_by=None, reason=None, series=series)
    document = SellerDocument.model_validate(row.content)
    return SellerResponse(
        version=row.version,
        applied_at=row.at,
        applied_by=row.actor,
        reason=row.reason,
        **{name: getattr(document, name) for name in SellerDocument.model_fields},
        logo=row.logo_type,
        series=series,
    )


def _logo(row: SellerVersionRow | None) -> Logo | None:
    if row is None or row.logo is None or row.logo_type is None:
        return None
    return Logo(media_type=row.logo_type, content=row.logo)


def _seller(row: SellerVersionRow) -> Seller:
    document = SellerDocument.model_validate(row.content)
    return Seller(name=document.legal_name, details=document, logo=_logo(row))
