"""Calls about mails to customers."""

from billflow.client.calls import Call, get
from billflow.models.contracts.mail_responses import MailList, MailResponse

_PATH = "/mails"


def search(*, customer_id: str | None = None, limit: int = 50, after: str | None = None) -> Call[MailList]:
    """List mails, the newest first."""
    return get(_PATH, MailList, customer_id=customer_id, limit=limit, after=after)


def show(mail_id: str) -> Call[MailResponse]:
    """Show a mail as its reader sees it."""
    return get(f"{_PATH}/{mail_id}", MailResponse)
