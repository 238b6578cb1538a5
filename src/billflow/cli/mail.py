"""`billflow mail`: what customers were written."""

from typing import Annotated

from billflow.cli.lookup import CustomerOption, PagingHere, begun, id_of, short
from billflow.cli.output import Columns, FactList, Listing, Output, listed, time
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()

_MAILS: Columns = {
    "id": lambda mail: short(mail.id),
    "at": lambda mail: time(mail.at),
    "occasion": lambda mail: mail.occasion,
    "subject~": lambda mail: mail.subject,
    "state": lambda mail: "sent" if mail.sent_at else "kept",
}


@app.on_api("mail list", "mail list --customer 5f1c --json", name="list")
def list_(api: Api, customer: CustomerOption = None, *, paging: PagingHere) -> Listing:
    """List mails, the newest first; without a mail server they are only kept here."""
    return listed("Mails", api.get("/mails", customer_id=customer, **paging), _MAILS)


@app.on_api("mail show 41d0")
def show(api: Api, mail: Annotated[str, id_of("mail"), begun("mail")]) -> Output:
    """Show a mail as its reader sees it."""
    found = api.get(f"/mails/{mail}")
    sent = time(found.sent_at) if found.sent_at else "stored, not sent: no mail server took it"
    facts = FactList(found.subject, {"to": found.recipient, "at": time(found.at), "sent": sent})
    return Output(found, facts, found.body)
