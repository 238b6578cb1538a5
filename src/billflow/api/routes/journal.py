"""The journal of an organization in double entry, for its accountant."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.documents.journal import check_span, journal_file
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.journal import JournalFormat

router = api_router("journal", "/journal")


class CsvResponse(StreamingResponse):
    """Lines of CSV, sent as they are written."""

    media_type = "text/csv"


class JournalQuery(RequestModel):
    """From when until when, from the beginning or all so far where one is not named; and in which format."""

    since: RequestMoment | None = None
    until: RequestMoment | None = None
    format: JournalFormat = JournalFormat.CSV


@router.get("", response_class=CsvResponse)
async def export_journal(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[JournalQuery, Query()]
) -> CsvResponse:
    """Export what was billed, earned by month, credited, paid and refunded, as postings from account to account."""
    check_span(which.format, which.since, which.until)
    entries = services.queries.journal.entries(principal.org_id, which.since, which.until)
    return CsvResponse(journal_file(entries, which.format))
