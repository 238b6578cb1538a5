"""Series of invoice numbers: each number once and none left out, for it is taken with the invoice it is for."""

from typing import Any
from uuid import UUID

from sqlalchemy import CTE, BigInteger, ColumnElement, Text, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.seller import DIGITS, InvoiceSeries, Numbering, SeriesRecord
from billflow.models.tables import InvoiceSeriesRow
from billflow.models.tables.seller import NO_YEAR


async def next_in_series(session: AsyncSession, org_id: UUID, series: InvoiceSeries) -> int:
    """Take the next number of a series; whoever asks next waits until this transaction ends."""
    mine = {"of_org": org_id, "of_prefix": series.prefix, "of_year": series.year or NO_YEAR}
    return int(await session.scalar(_ONE_MORE, mine) or 0)


def taken_for(unsent: CTE) -> CTE:
    """Return what takes the next number of a series for the invoice that *unsent* selects; `last` is its sequence.

    Which series is said by the parameters of `of_series`, and the number by `number_of`.
    """
    one = select(unsent.c.org_id, _PREFIX, _YEAR, literal(0), literal(1))
    columns = ["org_id", "prefix", "year", "continued", "last"]
    numbered: CTE = _more(insert(InvoiceSeriesRow).from_select(columns, one)).cte("numbered")
    return numbered


def of_series(series: InvoiceSeries) -> dict[str, Any]:
    """Return the parameters that say which series it is."""
    return {"of_prefix": series.prefix, "of_year": series.year or NO_YEAR, "of_stem": series.stem}


def number_of(series: CTE) -> ColumnElement[str]:
    """Return a number as it is printed, as `InvoiceSeries.number` does."""
    digits = cast(series.c.last, Text)
    return bindparam("of_stem", type_=Text) + func.lpad(digits, func.greatest(func.length(digits), DIGITS), "0")


def _more(one: Insert) -> Any:
    last = {"last": InvoiceSeriesRow.last + 1}
    given = InvoiceSeriesRow.last, InvoiceSeriesRow.org_id
    return one.on_conflict_do_update(constraint="pk_invoice_series", set_=last).returning(*given)


_PREFIX, _YEAR = bindparam("of_prefix", type_=Text), bindparam("of_year", type_=BigInteger)
_ONE_MORE = _more(
    insert(InvoiceSeriesRow).values(org_id=bindparam("of_org"), prefix=_PREFIX, year=_YEAR, continued=0, last=1)
)


async def begin_series(session: AsyncSession, org_id: UUID, numbering: Numbering) -> None:
    """Let a series go on from the number that was given elsewhere; raises `Refused` where numbers would go back.

    They would, too, where that left a gap behind numbers that were given here, and where a later year has begun.
    """
    if numbering.continued is None:
        return
    series, given = numbering.continued
    mine = {"org_id": org_id, "prefix": series.prefix, "year": series.year or NO_YEAR}
    row = await session.get(InvoiceSeriesRow, mine, with_for_update=True)
    if row is None:
        if (later := await _later_year(session, series)) is not None:
            raise _given(numbering, later)
        session.add(InvoiceSeriesRow(**mine, continued=given, last=given))
    elif given > row.last and row.last == row.continued:
        row.continued = row.last = given
    elif given != row.continued:
        raise _given(numbering, series.number(row.last))


async def _later_year(session: AsyncSession, series: InvoiceSeries) -> str | None:
    """Return the last number that was given here in a later year of a yearly series; None where there is none."""
    if series.year is None:
        return None
    columns = InvoiceSeriesRow
    later = select(columns).where(columns.prefix == series.prefix, columns.year > series.year)
    row = await session.scalar(later.where(columns.last > columns.continued).order_by(columns.year.desc()).limit(1))
    return InvoiceSeries(prefix=row.prefix, year=row.year).number(row.last) if row else None


def _given(numbering: Numbering, number: str) -> Refused:
    return Refused(
        f"numbering.continue_after is {numbering.continue_after}, but {number} is given already; leave it out.",
        code="invoice_numbers_given",
        field="numbering.continue_after",
    )


async def series_of(session: AsyncSession) -> tuple[SeriesRecord, ...]:
    """Return every series that has begun, the newest year first."""
    newest_first = InvoiceSeriesRow.year.desc(), InvoiceSeriesRow.prefix
    rows = await session.scalars(select(InvoiceSeriesRow).order_by(*newest_first))
    found = ((InvoiceSeries(prefix=row.prefix, year=row.year or None), row.last) for row in rows)
    return tuple(SeriesRecord(**series.model_dump(), last=series.number(last)) for series, last in found)
