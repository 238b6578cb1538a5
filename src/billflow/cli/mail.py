"""`billflow mail`: what customers were written."""

from typing import Annotated

from billflow.cli.lookup import CustomerOption, PagingHere, begun, id_of, org_of, short
from billflow.cli.output import Columns, FactList, Output, paged, time
from billflow.cli.session import CommandGroup, Store

app = CommandGroup()

_MAILS: Columns = {
    "id": lambda mail: short(mail.mail_id),
    "at": lambda mail: time(mail.at),
    "occasion": lambda mail: mail.occasion,
    "subject": lambda mail: mail.subject,
    "state": lambda mail: "sent" if mail.sent_at else "kept",
}


@app.on_database("mail list", "mail list --customer 5f1c --json", name="list")
async def list_(store: Store, customer: CustomerOption = None, *, paging: PagingHere) -> Output:
    """List mails, the newest first; without a mail server they are only kept here."""
    return paged("Mails", await store.repositories.mails.list(await org_of(store), customer, paging), _MAILS)


@app.on_database("mail show 41d0")
async def show(store: Store, mail: Annotated[str, id_of("mail"), begun("mail")]) -> Output:
    """Show a mail as its reader sees it."""
    found = await store.repositories.mails.get(await org_of(store), mail)
    sent = time(found.sent_at) if found.sent_at else "stored, not sent: no mail server took it"
    facts = FactList(found.subject, {"to": found.recipient, "at": time(found.at), "sent": sent})
    return Output(found, facts, found.body)
