"""The customer portal: links into it, the sessions that they begin, and what customers may do there by themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.console import SessionToken
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.origins import Origin
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as

USUAL_LIFETIME = timedelta(days=1)
LONGEST_LIFETIME = timedelta(days=30)
FRAME_LIFETIME = timedelta(minutes=5)
"""How long a link for a frame opens, which is made when the page around it is."""

FRAME_SESSION_LIFETIME = timedelta(hours=1)
MOST_ORIGINS = 20

ReturnUrl = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class PortalSettings(RequestModel):
    """What customers may do in the portal by themselves; what is switched off is neither shown nor done there.

    Pages of the `embed_origins` may frame the portal, nobody's where there are none.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"upgrade": False, "cancel": False}]})

    change_licenses: bool = True
    switch_schedule: bool = True
    upgrade: bool = True
    cancel: bool = True
    undo: bool = Field(default=True, description="Take back a change that is scheduled.")
    change_details: bool = Field(default=True, description="Billing address, tax id and the address invoices go to.")
    change_contacts: bool = True
    change_card: bool = True
    accept_offers: bool = True
    request_links: bool = Field(default=True, description="Ask for a new link by mail, on a page without a session.")
    mail_links: bool = Field(default=False, description="Whether mails about invoices and plans hold a link.")
    embed_origins: tuple[Origin, ...] = Field(
        default=(), max_length=MOST_ORIGINS, description="Origins whose pages may frame the portal."
    )


class PortalLinkCreate(RequestModel):
    """A link to make: it opens the portal once, before `expires_at`, which is a day from now where it is left out.

    With a `return_url` the portal's pages have a link back to there. One with an `origin` is the address of a frame
    in pages of that origin, which must be one of the portal's `embed_origins`; it opens for five minutes, for an hour.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"return_url": "https://app.example/billing"}]})

    expires_at: RequestMoment | None = None
    return_url: ReturnUrl | None = None
    origin: Origin | None = None

    def checked_end(self, now: datetime) -> datetime:
        """Return until when the link opens; raises `InvalidInput` for a moment past or too far away."""
        if self.origin is not None:
            if self.expires_at is not None:
                message = "expires_at can't be chosen for a link with an origin; make one when the page around is made."
                raise InvalidInput(message, field="expires_at")
            return now + FRAME_LIFETIME
        end = self.expires_at or now + USUAL_LIFETIME
        if not now < end <= now + LONGEST_LIFETIME:
            message = f"expires_at must lie in the next {LONGEST_LIFETIME.days} days; a link is made when it is needed."
            raise InvalidInput(message, field="expires_at")
        return end


class PortalLinkMail(RequestModel):
    """A link to mail: it opens the portal once, so many days from when its mail is sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"expires_in_days": 7}]})

    expires_in_days: Annotated[int, Field(ge=USUAL_LIFETIME.days, le=LONGEST_LIFETIME.days)] = USUAL_LIFETIME.days


class PortalLinkRecord(Contract):
    """A link into the portal: nobody has opened it before `opened_at`, and its session is over at `expires_at`.

    `ended_at` is when it was revoked, or its customer left. With an `origin` it opens in frames of that only.
    """

    org_id: str
    portal_link_id: str
    customer_id: str
    return_url: str | None
    origin: str | None
    created_at: Moment
    expires_at: Moment
    opened_at: Moment | None
    ended_at: Moment | None

    @property
    def customer(self) -> CustomerRef:
        """Return whose portal it opens."""
        return CustomerRef(org_id=self.org_id, customer_id=self.customer_id)


class PortalSession(PortalLinkRecord):
    """The session of a link that was opened; forms carry its `csrf_token`."""

    csrf_token: Annotated[str, Field(repr=False)]

    @property
    def actor(self) -> str:
        """Return who acts, for the audit log."""
        return f"portal:{self.portal_link_id}"


@dataclass(frozen=True)
class PortalVisitor:
    """A session, and the token under which its browser is known from now on where that is another one."""

    session: PortalSession
    token: SessionToken | None = None


class CreatedPortalLink(Contract):
    """A link that was made; this is the only time that its `token` is seen."""

    record: PortalLinkRecord
    token: SecretStr


class PortalLinkResponse(ResourceResponse, PortalLinkRecord):
    """A link into the portal, without its secret."""

    org_id: str = left_out()
    portal_link_id: str = shown_as("id", "portal_link_id")


class CreatedPortalLinkResponse(PortalLinkResponse):
    """A link that was made; this is the only time that its address is shown."""

    url: str


class PortalLinkList(ListResponse):
    """A customer's links into the portal, the newest first."""

    rows: list[PortalLinkResponse] = shown_as("portal_links", "rows")
