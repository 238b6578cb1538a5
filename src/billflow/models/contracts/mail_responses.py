"""Mails to customers, as the API answers them."""

from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as


class MailResponse(ResourceResponse, MailRecord):
    """A mail as it was written; without `sent_at` it is stored and was not sent."""

    org_id: str = left_out()
    mail_id: str = shown_as("id", "mail_id")


class MailList(ListResponse):
    """Mails, the newest first."""

    rows: list[MailResponse] = shown_as("mails", "rows")
