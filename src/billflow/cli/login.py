"""`billflow login` and `billflow profile`: which API commands ask."""

import sys
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from billflow.cli.output import Columns, FactList, Output, Table, show
from billflow.cli.params import AsJson, example
from billflow.cli.profiles import Profile, Profiles, file_of_profiles, load_profiles
from billflow.domain.errors import InvalidInput
from billflow.errors import Forbidden

app = typer.Typer()

DEV = "dev"
"""What is in use where no profile is: the running `billflow dev`."""

_PROFILES: Columns = {
    "profile": lambda one: one["profile"],
    "address": lambda one: one["url"],
    "": lambda one: "in use" if one["in_use"] else "",
}
_Name = Annotated[str, typer.Argument(metavar="PROFILE", help="A profile's name.")]


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the API answers: https://billing.example.com.")],
    profile: Annotated[str, typer.Option(help="What to call it.")] = "default",
    insecure: Annotated[bool, typer.Option("--insecure", help="Send the key over http:// to another machine.")] = False,
) -> None:
    """Keep an API's address and a key for it, and use them from now on.

    The key is asked for and not shown, or read from standard input; `billflow keys create` makes one.
    """
    if profile == DEV:
        raise InvalidInput(f"{DEV} is the running `billflow dev`; choose another name.", field="profile")
    if not url.startswith(("https://", "http://")):
        raise InvalidInput(f"{url!r} is no address; write it as https://billing.example.com.", field="url")
    if url.startswith("http://") and not (insecure or _is_loopback(url)):
        raise InvalidInput(
            f"{url} would be sent the key unencrypted; write https://, or add --insecure where nobody can listen.",
            field="url",
        )
    kept = Profile(url.rstrip("/").removesuffix("/api/v1"), _typed_key())
    _try(kept)
    profiles = load_profiles()
    profiles.named[profile], profiles.in_use = kept, profile
    profiles.save()
    show(f"Commands ask {kept.url} from now on; its key is in {file_of_profiles()}, which you alone can read.")


@app.command("list", epilog=example("profile list", "profile list --json"))
def list_(*, as_json: AsJson = False) -> None:
    """List the profiles, and say which one is in use; keys are not shown."""
    rows = _rows(load_profiles())
    data = {"profiles": rows, "total": len(rows), "next": None}
    Output(data, Table(f"Profiles: {len(rows)}", _PROFILES, rows)).show(as_json=as_json)


@app.command("use", epilog=example("profile use production", "profile use dev"))
def use(profile: _Name) -> None:
    """Ask the API of a profile from now on; `dev` is the running `billflow dev`."""
    profiles = load_profiles()
    where = "the running `billflow dev`" if profile == DEV else profiles.get(profile).url
    profiles.in_use = None if profile == DEV else profile
    profiles.save()
    show(f"Commands ask {where} from now on.")


@app.command("show", epilog=example("profile show production"))
def show_profile(profile: _Name) -> None:
    """Show where a profile's API answers; its key is not shown."""
    profiles = load_profiles()
    found = profiles.get(profile)
    facts = {"address": found.url, "in use": "yes" if profile == profiles.in_use else "no"}
    show(FactList(profile, {**facts, "key in": str(file_of_profiles())}))


@app.command("remove", epilog=example("profile remove production"))
def remove(profile: _Name) -> None:
    """Forget a profile and its key; the key stays good until it is revoked."""
    profiles = load_profiles()
    profiles.remove(profile)
    profiles.save()
    show("Removed; `billflow keys revoke` ends its key.")


def _rows(profiles: Profiles) -> list[dict[str, Any]]:
    named = sorted(profiles.named.items())
    return [{"profile": name, "url": one.url, "in_use": name == profiles.in_use} for name, one in named]


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _typed_key() -> str:
    key = typer.prompt("API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise InvalidInput("No key was typed; `billflow keys create` makes one.", field="key")
    return str(key).strip()


def _try(kept: Profile) -> None:
    """Ask something by the key; one that lacks the scope for it is right all the same."""
    from billflow.cli.connection import Place, at

    try:
        with at(Place(kept.url, kept.key, "what was typed")) as api:
            api.get("/plans", limit=1)
    except Forbidden as error:
        if error.code != "scope_missing":
            raise
