"""Forms of pages: what was sent, and that a page of ours sent it."""

import hmac
from typing import Annotated, cast
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from billflow.api.middleware import MAX_BODY
from billflow.domain.errors import InvalidInput
from billflow.errors import BadRequest, Forbidden
from billflow.models.contracts.storable import check_storable

CSRF_FIELD = "csrf_token"
MOST_FIELDS, MOST_FILES = 100, 5


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of each name; raises `InvalidInput` for what can't be stored.

    Files that come with it are kept for `file_of`. Raises `BadRequest` where the browser hung up meanwhile, as at a
    double click.
    """
    if not hasattr(request.state, "form"):
        request.state.files = {}
        try:
            form = await _read(request)
        except ClientDisconnect:
            raise BadRequest("The form did not arrive whole; send it again.") from None
        check_storable(form)
        request.state.form = form
    return cast("dict[str, str]", request.state.form)


async def _read(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _with_files(request)
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))


async def _with_files(request: Request) -> dict[str, str]:
    form: dict[str, str] = {}
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MAX_BODY) as parts:
        for name, part in parts.multi_items():
            if isinstance(part, str):
                form[name] = part
            else:
                request.state.files[name] = await part.read()
    return form


def file_of(request: Request, name: str) -> bytes:
    """Return the file that came in a form's field of that name, empty where none did."""
    return cast("bytes", request.state.files.get(name, b""))


def file_text(request: Request, name: str) -> str:
    """Return the text of the file that came in a form's field; raises `InvalidInput` for one that is no text."""
    try:
        text = file_of(request, name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The file is no text in UTF-8; save it as such.", field=name) from None
    check_storable(text, name)
    return text


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
