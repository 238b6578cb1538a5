"""A command's way to the API: which one answers and by which key, and what is said where that fails."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import httpx

from billflow.cli import local_stack
from billflow.cli.json_objects import JsonObject, read, rows_of
from billflow.cli.profiles import load_profiles
from billflow.client import calls
from billflow.client.calls import Call
from billflow.client.clients import Client, Retries
from billflow.client.errors import ApiError, ServerUnreachable
from billflow.domain.errors import BillingError
from billflow.errors import CommandFailed, Unauthorized

URL, KEY, PROFILE, ORG = "BILLFLOW_API_URL", "BILLFLOW_API_KEY", "BILLFLOW_PROFILE", "BILLFLOW_ORG"
ATTEMPTS = 3
"""How often a call is sent; somebody waits for it."""

NO_ANSWER = "no_answer_in_time"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an API answers, a key for it, and who says so, for messages."""

    url: str
    key: str
    named_by: str


class OneWait(Retries):
    """Tries again what may work a moment later, but not what no worker answered: that was a minute already."""

    def pause(self, tried: int, answer: httpx.Response | None) -> float | None:
        """Return the seconds to wait."""
        if answer is not None and NO_ANSWER in answer.text:
            return None
        return super().pause(tried, answer)


class Api:
    """What commands ask: each method is one call, and returns the API's answer as it is."""

    def __init__(self, client: Client, place: Place) -> None:
        self._client, self.place = client, place

    def get(self, path: str, **params: object) -> Any:
        """Read one thing, or one part of a list; parameters that are None are left out."""
        return read(self.file(path, **params))

    def file(self, path: str, **params: object) -> bytes:
        """Read a file."""
        return self._done(calls.get(path, bytes, **params))

    def all(self, path: str, **params: object) -> Any:
        """Read a list to its end."""
        part = found = self.get(path, limit=100, **params)
        while part.next:
            part = self.get(path, limit=100, after=part.next, **params)
            rows_of(found).extend(rows_of(part))
        return JsonObject(found, next=None)

    def ask(self, path: str, body: object = None, **params: object) -> Any:
        """Ask what changes nothing, such as a preview."""
        return read(self._done(calls.ask(path, bytes, body, **params)))

    def write(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        """Change something under an idempotency *key*, or a new one."""
        return read(self._done(calls.write(method, path, bytes, body, key or uuid4().hex)))

    def _done(self, call: Call[bytes]) -> bytes:
        try:
            return self._client.do(call)
        except BillingError as error:
            error.message = self._explained(error, call.idempotency_key)
            raise

    def _explained(self, error: BillingError, key: str | None) -> str:
        """Return what to say of an error, with the way out that somebody at a terminal has."""
        url, bare = self.place.url, error.message.rstrip(".").partition(";")[0]
        elsewhere = f"{self.place.named_by} says where, and `billflow login` keeps another address and key"
        under = f" with --idempotency-key {key}" if key else ""
        other_version = (
            f"The API at {url} does not know this command: it is of another version than this command line, "
            f"{version('billflow')}; install the one that {url}/openapi.json names."
        )
        sentences = {
            ServerUnreachable.code: f"No billflow answers at {url}; start one with `billflow dev`, or {elsewhere}.",
            ApiError.code: f"What answers at {url} is no billflow; {elsewhere}.",
            NO_ANSWER: "There was no answer in time; see by `billflow deploy status` that workers of the current "
            f"version run, then repeat the command{under}.",
            "no_such_route": other_version,
            "method_not_allowed": other_version,
            "scope_missing": f"{bare}; `billflow keys create NAME --scope …` makes one that has it, and "
            "`billflow login` keeps it.",
        }
        if isinstance(error, Unauthorized):
            return f"{bare}; {elsewhere}."
        return sentences.get(error.code, error.message)


@contextmanager
def connected(say: Callable[[str], None]) -> Iterator[Api]:
    """Yield the API that is meant, telling by *say* which one where that isn't clear; raises `CommandFailed`."""
    with at(place_of(os.environ, say)) as api:
        yield api


@contextmanager
def at(place: Place) -> Iterator[Api]:
    """Yield the API at *place*."""
    # The certificates that TLS needs take longer to load than all else.
    options = {} if place.url.startswith("https:") else {"verify": False}
    with Client(place.url, place.key, retries=OneWait(ATTEMPTS), **options) as client:
        yield Api(client, place)


def place_of(environment: Mapping[str, str], say: Callable[[str], None]) -> Place:
    """Return where to ask: what the environment names, else the profile in use, else the running `billflow dev`."""
    if url := environment.get(URL):
        if key := environment.get(KEY):
            return Place(url.rstrip("/"), key, URL)
        raise CommandFailed(f"{URL} is set and {KEY} is not; set both.", code="no_api")
    profiles = load_profiles()
    if name := environment.get(PROFILE) or profiles.in_use:
        profile = profiles.get(name)
        return Place(profile.url, environment.get(KEY) or profile.key, f"the profile {name}")
    stack, which = local_stack.found(environment)
    if stack is None:
        raise CommandFailed(
            f"No API is named: `billflow login` keeps an address and a key, {URL} and {KEY} name them, and `billflow "
            "dev` starts one here.",
            code="no_api",
        )
    if environment.get(ORG, stack.org) != stack.org:
        raise CommandFailed(
            f"{ORG} is for operators, and the key of `billflow dev` is of {stack.org}; make one of your organization "
            "by `billflow keys create`, then `billflow login`.",
            code="no_api",
        )
    if which:
        say(which)
    return Place(stack.url, environment.get(KEY) or stack.key, "`billflow dev`")
