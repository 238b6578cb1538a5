"""The portal's pages from templates, in the language of whoever reads them."""

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from billflow.pages.templates import templates_of, version_of
from billflow.portal.texts import Reader, accepted, reader_of

BASE = "/portal"
FRAMES = "/embedded/{org_id}"
"""Where below `BASE` the pages are that other pages frame: each organization says whose may."""

_PACKAGE = "billflow.portal"


def page(template: str, reader: Reader, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page; *context* is what its template shows."""
    nobody = {"visit": None, "seller": None, "base": BASE, "in_frame": False, "request_address": None}
    shared = {"static": f"{BASE}/static", "version": version_of(_PACKAGE), "site": _site}
    shown = {**nobody, **shared, "reader": reader, "t": reader.texts, **context}
    text = _templates().get_template(template).render(shown)
    return HTMLResponse(text, status, {"Content-Language": reader.language})


def base_of(org_id: str | None) -> str:
    """Return what addresses of pages begin with: in frames where there is an organization."""
    return f"{BASE}{FRAMES.format(org_id=org_id)}" if org_id else BASE


def asking(request: Request) -> Reader:
    """Return who asks without a session, in the language that its browser prefers."""
    return reader_of(accepted(request.headers.get("accept-language", "")))


def _site(address: str) -> str:
    """Return the host of an address."""
    return urlsplit(address).hostname or ""


@cache
def _templates() -> Environment:
    return templates_of(_PACKAGE, ())
