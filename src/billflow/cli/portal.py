"""`billflow portal`: what customers may do in the portal; and links into it under `billflow customer`."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import CustomerHere, PagingHere, short
from billflow.cli.output import Columns, FactList, Listing, Output, listed, time, yes_or_no
from billflow.cli.output import show as shown
from billflow.cli.params import moment_option
from billflow.cli.session import Api, CommandGroup
from billflow.domain.errors import InvalidInput

app = CommandGroup()
links = CommandGroup()
"""Added to `billflow customer`."""

_LINKS: Columns = {
    "id": lambda link: link.id,
    "made": lambda link: time(link.created_at),
    "until": lambda link: time(link.expires_at),
    "opened": lambda link: time(link.opened_at) if link.opened_at else "no",
    "ended": lambda link: time(link.ended_at) if link.ended_at else "no",
    "in frames of": lambda link: link.origin or "",
}
_ABILITIES = {
    "change_licenses": "change licenses",
    "switch_schedule": "switch between monthly and annual",
    "upgrade": "upgrade",
    "cancel": "cancel",
    "undo": "take back a scheduled change",
    "change_details": "change billing address, tax id and invoice e-mail",
    "change_contacts": "change contacts",
    "change_card": "change the card",
    "accept_offers": "accept offers",
    "request_links": "ask for a new link by mail",
    "mail_links": "find a link in mails about invoices and plans",
}


@app.on_api("portal show", "portal show --json")
def show(api: Api) -> Output:
    """Show what customers may do in the portal by themselves."""
    return _output(api.get("/portal"))


@app.on_api(
    "portal set --no-cancel --no-upgrade",
    "portal set --cancel",
    "portal set --embed-origin https://app.example",
    name="set",
)
def set_(  # noqa: PLR0913  (each is one ability)
    api: Api,
    *,
    change_licenses: Annotated[bool | None, typer.Option(help="May change licenses.")] = None,
    switch_schedule: Annotated[bool | None, typer.Option(help="May switch between monthly and annual.")] = None,
    upgrade: Annotated[bool | None, typer.Option(help="May upgrade to a higher tier.")] = None,
    cancel: Annotated[bool | None, typer.Option(help="May end the plan with its cycle or trial.")] = None,
    undo: Annotated[bool | None, typer.Option(help="May take back a scheduled change.")] = None,
    change_details: Annotated[bool | None, typer.Option(help="May change address, tax id, invoice e-mail.")] = None,
    change_contacts: Annotated[bool | None, typer.Option(help="May change contacts.")] = None,
    change_card: Annotated[bool | None, typer.Option(help="May change the card.")] = None,
    accept_offers: Annotated[bool | None, typer.Option(help="May accept offers.")] = None,
    request_links: Annotated[bool | None, typer.Option(help="May ask for a new link by mail.")] = None,
    mail_links: Annotated[bool | None, typer.Option(help="Mails about invoices and plans hold a link.")] = None,
    embed_origin: Annotated[
        list[str] | None, typer.Option(help="Whose pages may frame the portal, in place of those before; repeatable.")
    ] = None,
    no_embed: Annotated[bool, typer.Option("--no-embed", help="Let nobody's pages frame the portal.")] = False,
) -> Output:
    """Change what customers may do in the portal, also in sessions that have begun."""
    changes = given(
        change_licenses=change_licenses,
        switch_schedule=switch_schedule,
        upgrade=upgrade,
        cancel=cancel,
        undo=undo,
        change_details=change_details,
        change_contacts=change_contacts,
        change_card=change_card,
        accept_offers=accept_offers,
        request_links=request_links,
        mail_links=mail_links,
        embed_origins=[] if no_embed else embed_origin or None,
    )
    return _output(api.write("PUT", "/portal", {**api.get("/portal"), **changes}))


@links.on_api(
    "customer portal-link 5f1c --return-url https://app.example/billing",
    "customer portal-link 5f1c --origin https://app.example --json",
    "customer portal-link 5f1c --mail --expires-in-days 7",
    name="portal-link",
)
def portal_link(  # noqa: PLR0913  (each is one term of the link)
    api: Api,
    customer: CustomerHere,
    *,
    return_url: Annotated[str | None, typer.Option(help="Where its pages lead back to.")] = None,
    expires_at: Annotated[datetime | None, moment_option("Until when it opens, 30 days at most; a day else.")] = None,
    origin: Annotated[str | None, typer.Option(help="Whose pages it opens in, as the address of a frame.")] = None,
    mail: Annotated[
        bool, typer.Option("--mail", help="Mail one to where the customer's invoices go, and show none.")
    ] = False,
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=30, help="With --mail: how many days it opens for; one else.")
    ] = None,
) -> Output:
    """Make a link that opens the customer's portal once."""
    if mail:
        other = given(return_url=return_url, expires_at=expires_at, origin=origin)
        return _mailed(api, customer, other, given(expires_in_days=expires_in_days))
    if expires_in_days is not None:
        raise InvalidInput("--expires-in-days goes with --mail; write --expires-at here.", field="expires_in_days")
    new = given(return_url=return_url, expires_at=expires_at, origin=origin)
    link = api.write("POST", f"/customers/{customer}/portal-links", new)
    return Output(link, link.url)


@links.on_api("customer portal-links 5f1c", name="portal-links")
def portal_links(api: Api, customer: CustomerHere, paging: PagingHere) -> Listing:
    """List a customer's links into the portal, the newest first."""
    return listed("Links into the portal", api.get(f"/customers/{customer}/portal-links", **paging), _LINKS)


@links.on_api("customer revoke-portal-link 5f1c 7d3a5c0e-4f0b-4c1e-9d55-0c7b1a2f3e4d", name="revoke-portal-link")
def revoke_portal_link(
    api: Api,
    customer: CustomerHere,
    link: Annotated[str, typer.Argument(metavar="LINK", help="The id of the link, in full.")],
) -> None:
    """Revoke a link into the portal; a session that it began ends with it."""
    api.write("DELETE", f"/customers/{customer}/portal-links/{link}")
    shown("Revoked.")


def _mailed(api: Api, customer: str, other: dict[str, object], terms: dict[str, object]) -> Output:
    if other:
        named = next(iter(other)).replace("_", "-")
        message = f"--mail goes without --{named}: a mailed link opens for a day, or for --expires-in-days."
        raise InvalidInput(message, field="mail")
    mail = api.write("POST", f"/customers/{customer}/portal-links/mail", terms or None)
    return Output(mail, f"Written to {mail.recipient}; whether it is sent: billflow mail show {short(mail.id)}")


def _output(settings: JsonObject) -> Output:
    facts = {text: yes_or_no(settings[name]) for name, text in _ABILITIES.items()}
    facts["be framed by"] = ", ".join(settings["embed_origins"]) or "nobody"
    return Output(settings, FactList("What customers may do in the portal", facts))
