"""`billflow console`: letting people into the console."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli.lookup import change_here, org_of
from billflow.cli.output import FactList, Output, time
from billflow.cli.session import CommandGroup, Store
from billflow.models.contracts.console import ConsoleRole, NewConsoleSession

app = CommandGroup()


@app.on_database('console login-link "Kim" --role support', name="login-link")
async def login_link(
    store: Store,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Who signs in, as the audit log will say.")],
    *,
    role: Annotated[ConsoleRole, typer.Option(help="What the person may do.")] = ConsoleRole.VIEWER,
) -> Output:
    """Make a link that signs a person in to the console, once and within the hour."""
    new = NewConsoleSession(person=person, role=role)
    url, expires_at = await sign_in_link(store, new)
    shown = {"role": role.value, "link": url, "until": f"{time(expires_at)}, once"}
    data = {"person": new.person, "role": role, "url": url, "expires_at": expires_at}
    return Output(data, FactList(f"A link for {new.person}", shown))


async def sign_in_link(store: Store, new: NewConsoleSession) -> tuple[str, datetime]:
    """Return the address at which somebody signs in, and until when."""
    link = await store.repositories.console_sessions.create_link(await org_of(store), new, change_here())
    base = store.settings.console_url or f"http://{store.settings.api_host}:{store.settings.api_port}/console"
    return f"{base.rstrip('/')}/sign-in?token={link.token.get_secret_value()}", link.record.expires_at
