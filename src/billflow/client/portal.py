"""Calls about the customer portal: links into it, and what customers may do there."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.mail_responses import MailResponse
from billflow.models.contracts.portal import (
    CreatedPortalLinkResponse,
    PortalLinkCreate,
    PortalLinkList,
    PortalLinkMail,
    PortalSettings,
)

_PATH = "/portal"


def settings() -> Call[PortalSettings]:
    """Show what customers may do in the portal."""
    return get(_PATH, PortalSettings)


def set_settings(settings: PortalSettings, *, key: str | None = None) -> Call[PortalSettings]:
    """Set what customers may do in the portal; what is left out is allowed."""
    return write("PUT", _PATH, PortalSettings, settings, key)


def create_link(customer_id: str, new: PortalLinkCreate, *, key: str | None = None) -> Call[CreatedPortalLinkResponse]:
    """Make a link that opens the customer's portal once; its address is shown this once."""
    return write("POST", _links(customer_id), CreatedPortalLinkResponse, new, key)


def mail_link(customer_id: str, new: PortalLinkMail | None = None, *, key: str | None = None) -> Call[MailResponse]:
    """Mail a link to where the customer's invoices go; it opens the portal once, within a day of being sent or more."""
    return write("POST", f"{_links(customer_id)}/mail", MailResponse, new, key)


def links(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[PortalLinkList]:
    """List a customer's links into the portal, the newest first."""
    return get(_links(customer_id), PortalLinkList, limit=limit, after=after)


def revoke_link(customer_id: str, portal_link_id: str, *, key: str | None = None) -> Call[None]:
    """Revoke a link; a session that it began ends with it."""
    return write("DELETE", f"{_links(customer_id)}/{portal_link_id}", type(None), None, key)


def _links(customer_id: str) -> str:
    return f"/customers/{customer_id}/portal-links"
