"""`billflow mail`: what customers were written."""

from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import found, org_of, short
from billflow.cli.params import After, AsJson, Limit, example
from billflow.cli.session import on_database

if TYPE_CHECKING:
    from billflow.wiring.store import Store

app = typer.Typer(help="Read the mails to customers.", epilog=example("mail list"), no_args_is_help=True)


@app.command("list", epilog=example("mail list", "mail list --customer 5f1c --json"))
def list_(
    *,
    customer: Annotated[str | None, typer.Option(help="A customer's id, or enough of its beginning.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List mails, the newest first; without a mail server they are only kept here."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.records import Paging

        customer_id = await found(store, "customer", customer) if customer else None
        page = await store.repositories.mails.list(await org_of(store), customer_id, Paging(limit=limit, after=after))
        if as_json:
            output.as_json({"mails": page.rows, "total": page.total, "next": page.next})
            return
        rows = [
            (short(mail.mail_id), output.time(mail.at), mail.occasion, mail.subject, "sent" if mail.sent_at else "kept")
            for mail in page.rows
        ]
        output.table(f"Mails: {page.total}", ("id", "at", "occasion", "subject", "state"), rows)

    on_database(act)


@app.command(epilog=example("mail show 41d0"))
def show(
    mail: Annotated[str, typer.Argument(metavar="MAIL", help="A mail's id, or enough of its beginning.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a mail as its reader sees it."""

    async def act(store: "Store") -> None:
        found_mail = await store.repositories.mails.get(await org_of(store), await found(store, "mail", mail))
        if as_json:
            output.as_json(found_mail)
            return
        sent = output.time(found_mail.sent_at) if found_mail.sent_at else "stored, not sent: no mail server took it"
        output.facts(found_mail.subject, {"to": found_mail.recipient, "at": output.time(found_mail.at), "sent": sent})
        output.say(found_mail.body)

    on_database(act)
