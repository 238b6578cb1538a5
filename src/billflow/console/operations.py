"""What is done that is about no customer: a form, what it would do, then once for each form."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import change_by
from billflow.console.actions import Action, Preview, Shown, key_in, reason_in, shown_action
from billflow.console.forms import FormField, FormTerms, fields_of, read_form
from billflow.console.pages import BASE, words
from billflow.console.visits import Visit
from billflow.domain.errors import BillingError
from billflow.errors import PreconditionFailed
from billflow.models.contracts.access import Claim
from billflow.models.contracts.customers import ChangeContext
from billflow.pages import confirmations
from billflow.pages.confirmations import SEEN, WHY

NO_TERMS = FormTerms("USD", {})

Values = Mapping[str, str]
"""Values of a form's fields, as they are written."""


@dataclass(frozen=True)
class Editing:
    """What a form changes: its values now, and where it is in the API, below which changes come one after the other."""

    current: Callable[[Visit, str], Awaitable[Values]]
    address: str


@dataclass(frozen=True)
class Operation:
    """One thing to do: its form, what it would do, how it is done, and the page it is about."""

    title: str
    path: str
    back: str
    kind: type[Any]
    preview: Callable[[Visit, str, Any], Awaitable[Preview]]
    do: Callable[[Visit, str, Any, ChangeContext], Awaitable[Response]]
    description: str = ""
    terms: FormTerms = NO_TERMS
    editing: Editing | None = None


@dataclass(frozen=True)
class OperationForm:
    """An operation about something, as somebody is at it."""

    visit: Visit
    operation: Operation
    about: str
    subject_id: str = ""

    @property
    def action(self) -> Action:
        """Return it as it is titled."""
        operation = self.operation
        address, back = (f"{BASE}/operate{path.format(self.subject_id)}" for path in (operation.path, operation.back))
        return Action(operation.title, operation.description or operation.kind.__doc__ or "", address, self.about, back)

    async def show(self) -> Response:
        """Show the form with the values that hold now; once it is filled in, what it would do."""
        asked, now = self.visit.query, await self._current()
        fields, hidden = self._fields(asked or now), seen_of(now)
        if not asked and fields:
            return self._shown(fields, Shown(hidden=hidden))
        try:
            if SEEN in asked:
                check_seen(asked, now, self._fields(now))
            preview = await self._preview(asked)
        except BillingError as error:
            return self._shown(fields, Shown(problem=error, hidden=hidden))
        return self._shown(fields, Shown(preview, hidden=hidden))

    async def do(self, sent: Values) -> Response:
        """Do it, once for each form however often that is sent; what is refused keeps what was typed."""
        try:
            claim, reason = self._claim(sent), reason_in(sent)
            asked = read_form(self.operation.kind, sent, self.operation.terms)
            return await once(self.visit, claim, self.action.back, lambda: self._done(sent, asked, reason))
        except BillingError as error:
            hidden = await hidden_after(error, sent, self._current)
            return self._shown(self._fields(sent), Shown(problem=error, reason=sent.get(WHY, ""), hidden=hidden))

    async def _done(self, sent: Values, asked: Any, reason: str) -> Response:
        async with self._alone():
            if self.operation.editing:
                now = await self._current()
                check_seen(sent, now, self._fields(now))
            await self.operation.preview(self.visit, self.subject_id, asked)
            return await self.operation.do(self.visit, self.subject_id, asked, change_by(self.visit.principal, reason))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Wait until nobody else changes the same, by a form or by the API."""
        editing, services = self.operation.editing, self.visit.services
        if editing is None:
            yield
            return
        address = editing.address.format(self.subject_id)
        async with services.guarding, services.repositories.idempotency.exclusive(self.visit.org_id, address):
            yield

    async def _preview(self, asked: Values) -> Preview:
        wanted = read_form(self.operation.kind, asked, self.operation.terms)
        return await self.operation.preview(self.visit, self.subject_id, wanted)

    async def _current(self) -> Values:
        editing = self.operation.editing
        return await editing.current(self.visit, self.subject_id) if editing else {}

    def _fields(self, values: Values) -> tuple[FormField, ...]:
        return fields_of(self.operation.kind, values, self.operation.terms)

    def _shown(self, fields: tuple[FormField, ...], shown: Shown) -> Response:
        return shown_action(self.visit, self.action, fields, shown)

    def _claim(self, sent: Values) -> Claim:
        return claim_of(self.operation.path, self.subject_id, sent)


def claim_of(path: str, subject_id: str, sent: Values) -> Claim:
    """Return what a form that was sent claims to do once; raises `InvalidInput` for one without its key."""
    return confirmations.claim_of(key_in(sent), sent, path, subject_id)


async def once(visit: Visit, claim: Claim, back: str, do: Callable[[], Awaitable[Response]]) -> Response:
    """Do it, or go where it led the first time; a secret that was shown then is shown no more."""
    return await confirmations.once(visit.services.repositories.idempotency, visit.org_id, claim, back, do)


def to(path: str) -> Response:
    """Return the way to a page of the operators'."""
    return RedirectResponse(f"{BASE}/operate{path}", HTTPStatus.SEE_OTHER)


def secret_page(visit: Visit, title: str, back: tuple[str, str], secret: str, *notes: str) -> Response:
    """Return the page on which a secret is seen this once; *back* is the name and path of the page it is about."""
    return visit.page("secret.html", title=title, back_name=back[0], back=back[1], secret=secret, notes=notes)


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], labels: Mapping[str, str] = NO_TERMS.labels
) -> list[tuple[str, str | None, str | None]]:
    """Return the terms that would be others, as people read them: name, before and after."""
    pairs = [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])]
    return [
        (labels.get(name) or words(name).capitalize(), _said(old), _said(new)) for name, old, new in pairs if old != new
    ]


def _said(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)


async def hidden_after(error: BillingError, sent: Values, now: Callable[[], Awaitable[Values]]) -> Values:
    """Return the hidden fields of a form that was refused: what it has seen is *now* only once it was told of it."""
    if isinstance(error, PreconditionFailed):
        return seen_of(await now())
    return {SEEN: sent[SEEN]} if SEEN in sent else {}


def seen_of(values: Values) -> dict[str, str]:
    """Return the hidden field of a form that was opened with *values*."""
    return {SEEN: hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()} if values else {}


def check_seen(sent: Values, now: Values, fields: tuple[FormField, ...]) -> None:
    """Raise `PreconditionFailed` where the values *now* are not any more what the form that was sent was opened with.

    *fields* are those of the form.
    """
    if sent.get(SEEN, "") == seen_of(now).get(SEEN, ""):
        return
    changes = [field for field in fields if now.get(field.name, "") != sent.get(field.name, "")]
    others = ", ".join(f"{field.label} is now “{now.get(field.name, '')}”" for field in changes)
    raise PreconditionFailed(
        "Somebody else has changed this since you opened the form. What you typed is still here"
        f"{f'; beside it, {others}' if others else ', and is what holds now'}. Look at it, and preview it again."
    )
