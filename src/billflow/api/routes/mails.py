"""Mails to customers, as they were written."""

from typing import Annotated

from fastapi import Query
from pydantic import ConfigDict, Field

from billflow.api.principal import SupportHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.mail_responses import MailList, MailResponse
from billflow.models.contracts.records import Paging

router = api_router("mails", "/mails")


class MailQuery(Paging):
    """Whose mails to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str | None = Field(None, max_length=100)


@router.get("")
async def list_mails(services: ServicesHere, principal: SupportHere, which: Annotated[MailQuery, Query()]) -> MailList:
    """List mails to customers, the newest first; one without `sent_at` is only kept here."""
    return MailList.of(await services.repositories.mails.list(principal.org_id, which.customer_id, which))


@router.get("/{mail_id}", response_model=MailResponse)
async def show_mail(mail_id: str, services: ServicesHere, principal: SupportHere) -> MailRecord:
    """Show a mail as its reader sees it."""
    return await services.repositories.mails.get(principal.org_id, mail_id)
