"""A seller's logo: a small PNG or SVG picture, and nothing that runs or is loaded from elsewhere."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from fpdf import FPDF
from PIL import Image

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.documents import MOST_LOGO_BYTES, Logo

MOST_PIXELS = 4000
"""The most pixels of a side."""

PNG, SVG = "image/png", "image/svg+xml"
_PNG_BEGINS = b"\x89PNG\r\n\x1a\n"
_SVG_SPACE, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

_SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "use")
_AROUND = ("svg", "g", "defs", "title", "desc", "clipPath", "linearGradient", "radialGradient", "stop")
_ELEMENTS = frozenset({*_SHAPES, *_AROUND})
_LEFT_OUT = "metadata"
"""What drawing programs write about themselves."""

_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)
_BROKEN = (OSError, SyntaxError, ValueError, LookupError, DefusedXmlException, ET.ParseError, *_BOMBS)

_FOREIGN_ATTRIBUTES = (f"{{{_XLINK}}}href", "href")
"""By what an element refers to another; one of its own picture begins with #."""


def checked_logo(content: bytes) -> Logo:
    """Return a picture as it is kept: a PNG without what else was in the file, an SVG of shapes alone.

    Raises `InvalidInput` for another file, one of more than `MOST_LOGO_BYTES`, and one that runs or loads something.
    """
    if len(content) > MOST_LOGO_BYTES:
        raise _wrong(f"is too large; use a picture of at most {MOST_LOGO_BYTES // 1024} KiB")
    logo = _png(content) if content.startswith(_PNG_BEGINS) else _svg(content)
    _check_drawable(logo)
    return logo


def _png(content: bytes) -> Logo:
    written = io.BytesIO()
    with _unreadable("no PNG"), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(content), formats=["PNG"])
    if max(picture.size) > MOST_PIXELS:
        raise _wrong(f"is {picture.width} by {picture.height} pixels; use at most {MOST_PIXELS} for each side")
    with _unreadable("no PNG"):
        picture.convert("RGBA").save(written, "PNG", optimize=True)
    return Logo(media_type=PNG, content=written.getvalue())


def _svg(content: bytes) -> Logo:
    with _unreadable("neither a PNG nor an SVG"):
        root = fromstring(content)
    if root.tag != f"{{{_SVG_SPACE}}}svg":
        raise _wrong("is no SVG; use a PNG or an SVG")
    try:
        clean = _cleaned(root)
    except RecursionError:
        raise _wrong("is nested too deep; draw it with fewer groups") from None
    ET.register_namespace("", _SVG_SPACE)
    ET.register_namespace("xlink", _XLINK)
    return Logo(media_type=SVG, content=ET.tostring(clean, encoding="utf-8"))


@contextmanager
def _unreadable(kind: str) -> Iterator[None]:
    """Say what a file is not, where the library can't read it."""
    try:
        yield
    except _BROKEN:
        raise _wrong(f"is {kind} that can be read; save the picture again") from None


def _cleaned(element: ET.Element) -> ET.Element:
    """Return an element with its children that are of SVG; raises `InvalidInput` for one that isn't a shape."""
    name = element.tag.rpartition("}")[2]
    if name not in _ELEMENTS:
        raise _wrong(f"has the element <{name}>; use shapes and paths alone, texts as paths")
    clean = ET.Element(element.tag, dict(_attributes(element, name)))
    clean.text, clean.tail = element.text, element.tail
    shapes = (child for child in element if str(child.tag).startswith(f"{{{_SVG_SPACE}}}"))
    clean.extend([_cleaned(child) for child in shapes if not child.tag.endswith(f"}}{_LEFT_OUT}")])
    return clean


def _attributes(element: ET.Element, name: str) -> Iterator[tuple[str, str]]:
    for attribute, value in element.attrib.items():
        if attribute.startswith("{") and attribute not in _FOREIGN_ATTRIBUTES:
            continue
        is_foreign = attribute in _FOREIGN_ATTRIBUTES and not value.strip().startswith("#")
        compact = "".join(value.split()).lower()
        loads = "url(" in compact.replace("url(#", "") or "@import" in compact or "javascript:" in compact
        if attribute.lower().startswith("on") or is_foreign or loads:
            shown = attribute.rpartition("}")[2]
            raise _wrong(f"has {shown}={value[:40]!r} at <{name}>, which runs or loads something; leave it out")
        yield attribute, value


def _check_drawable(logo: Logo) -> None:
    try:
        pdf = FPDF()
        pdf.add_page()
        pdf.image(io.BytesIO(logo.content), w=10)
        pdf.output()
    except Exception:  # noqa: BLE001  (whatever the library makes of a picture, an invoice must not meet it)
        raise _wrong("can't be drawn on a PDF; use a PNG, or simpler shapes") from None


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(f"logo {sentence}.", code="bad_logo", field="logo")
