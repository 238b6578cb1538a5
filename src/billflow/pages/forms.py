"""Forms of pages: what was sent, and that a page of ours sent it."""

import hmac
from typing import Annotated, cast
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from billflow.api.requests import check_storable
from billflow.errors import Forbidden

CSRF_FIELD = "csrf_token"


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of each name; raises `InvalidInput` for what can't be stored."""
    if not hasattr(request.state, "form"):
        text = (await request.body()).decode("utf-8", "replace")
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
        check_storable(form)
        request.state.form = form
    return cast("dict[str, str]", request.state.form)


def check_origin(request: Request) -> None:
    """Raise `Forbidden` for a form that a page of somebody else's sends."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _foreign()


async def check_form(request: Request, csrf_token: str) -> None:
    """Raise `Forbidden` for a form that no page of the session with that token sends."""
    check_origin(request)
    given = (await form_of(request)).get(CSRF_FIELD, "")
    if not hmac.compare_digest(given.encode(), csrf_token.encode()):
        raise _foreign()


def _foreign() -> Forbidden:
    message = "This form was not sent by a page of ours, or you signed in again since; open it anew and send that."
    return Forbidden(message, code="foreign_form")


FormHere = Annotated[dict[str, str], Depends(form_of)]
"""The fields of the form that was sent."""
