"""What every action has in common: a form, then what it would do, then a reason and a confirmation that counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Response

from billflow.api.principal import READS
from billflow.console.forms import FormField
from billflow.console.visits import Visit
from billflow.domain.errors import BillingError, InvalidInput
from billflow.errors import kind_of
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.previews import PreviewResponse
from billflow.pages import confirmations
from billflow.pages.confirmations import WHY, given_key, new_key, with_key

LONGEST_REASON = 2000

Preview = Mapping[str, Any]
"""What the page of an action shows of what would happen."""


@dataclass(frozen=True)
class Action:
    """What can be done, where its form is, and about what."""

    title: str
    description: str
    address: str
    about: str
    back: str


@dataclass(frozen=True)
class Shown:
    """What a form is shown with: a `preview` to confirm, or the `problem` with it, and the `reason` that was typed.

    `hidden` is what the form sends with each of its fields.
    """

    preview: Preview | None = None
    problem: BillingError | None = None
    reason: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def confirm(self) -> bool:
        """Tell whether it can be confirmed: with a preview, or where nothing but the reason was wrong."""
        return self.preview is not None or (self.problem is not None and self.problem.field == WHY)

    @property
    def status(self) -> int:
        """Return the HTTP status of the page."""
        known = kind_of(type(self.problem)).http_status if self.problem else HTTPStatus.OK
        return known or HTTPStatus.INTERNAL_SERVER_ERROR


def preview_of(sentences: Sequence[str], of_plan: PreviewResponse | None = None, **more: object) -> Preview:
    """Return what would happen, in sentences and, where it concerns a plan, in what is billed.

    *more* are `terms`, what would be otherwise by name, before and after; `touched`, the plans whose next invoice would
    be; `letter`, the text of a mail; and `sample`, the address of a document as it would print.
    """
    return {"sentences": sentences, "of_plan": of_plan, "changes": [], **more}


UNTOUCHED = Shown()
"""A form that nobody has filled in yet."""


def shown_action(visit: Visit, action: Action, fields: tuple[FormField, ...], shown: Shown = UNTOUCHED) -> Response:
    """Return the page of an action: its form, and what it was found to come to; the way to it with a key first."""
    key = given_key(visit.request)
    if shown.confirm and key is None and visit.request.method in READS:
        return with_key(visit.request)
    return visit.page(
        "action.html",
        status=shown.status,
        action=action,
        fields=fields,
        shown=shown,
        key=key or new_key(),
        next_key=new_key(),
    )


def key_in(form: Mapping[str, str]) -> NamespacedKey:
    """Return the key of a confirmation, under which it is done once however often it is sent; raises `InvalidInput`."""
    return confirmations.key_in(form, KeyNamespace.CONSOLE)


def reason_in(form: Mapping[str, str]) -> str:
    """Return why something is done; raises `InvalidInput`."""
    reason = form.get(WHY, "").strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(f"Say why, in 1 to {LONGEST_REASON} characters.", field=WHY)
    return reason
