"""A logo is a small picture: nothing in it runs or is loaded, and nothing else of its file is kept."""

import io

import pytest
from PIL import Image, PngImagePlugin

from billflow.documents.document import compose
from billflow.documents.html import render_html
from billflow.documents.logo import checked_logo
from billflow.documents.pdf import render_pdf
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.documents import MOST_LOGO_BYTES
from tests.documents.samples import ISSUED, SELLER, buyer, invoice

SHAPES = '<rect width="9" height="9" fill="#1a56be"/>'


def svg(content: str, attributes: str = "") -> bytes:
    """Return an SVG."""
    begins = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"'
    return f"{begins} {attributes}>{content}</svg>".encode()


def png(width: int = 40, height: int = 10, **texts: str) -> bytes:
    """Return a PNG, with texts beside the picture."""
    info, written = PngImagePlugin.PngInfo(), io.BytesIO()
    for name, text in texts.items():
        info.add_text(name, text)
    Image.new("RGB", (width, height), "#1a56be").save(written, "PNG", pnginfo=info)
    return written.getvalue()


@pytest.mark.parametrize("picture", [png(), svg(SHAPES)], ids=["PNG", "SVG"])
def test_a_picture_is_printed_and_shown_in_html(picture: bytes) -> None:
    logo = checked_logo(picture)
    plain = compose(invoice(), buyer("en-US"), SELLER)
    shown = compose(invoice(), buyer("en-US"), SELLER.model_copy(update={"logo": logo}))

    assert len(render_pdf(shown, ISSUED)) > len(render_pdf(plain, ISSUED))
    assert f'<img src="data:{logo.media_type};base64,' in render_html(shown)
    assert render_pdf(shown, ISSUED) == render_pdf(shown, ISSUED)
    assert checked_logo(logo.content) == logo


def test_nothing_but_the_picture_is_kept_of_a_file() -> None:
    noted = checked_logo(png(Author="Kim <script>") + b"<script>alert(1)</script>")
    drawn = checked_logo(
        svg(f"<!-- Kim --><metadata><p/></metadata>{SHAPES}<x:note xmlns:x='urn:x'>Kim</x:note>", "x='1'")
    )

    assert b"Kim" not in noted.content
    assert b"script" not in noted.content
    assert b"Kim" not in drawn.content
    assert b"metadata" not in drawn.content


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (b"x" * (20 * 1024 * 1024), "is too large; use a picture of at most 256 KiB"),
        (b"#!/bin/sh\nrm -rf /", "is neither a PNG nor an SVG"),
        (b"<script>alert(1)</script>", "is no SVG"),
        (svg("<script>alert(1)</script>"), "has the element <script>"),
        (svg("<foreignObject/>"), "has the element <foreignObject>"),
        (svg("<image href='https://example.com/a.png'/>"), "has the element <image>"),
        (svg("<rect onclick='alert(1)'/>"), "has onclick='alert(1)' at <rect>, which runs or loads something"),
        (svg("<use xlink:href='file:///etc/passwd'/>"), "has href='file:///etc/passwd' at <use>"),
        (svg("<rect fill='url(https://example.com)'/>"), "has fill="),
        (svg("<rect style='fill:URL( https://example.com)'/>"), "has style="),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), "is neither a PNG nor an SVG"),
        (svg("<path d='what?'/>"), "can't be drawn"),
        (svg("<g>" * 9_000 + "</g>" * 9_000), "is nested too deep"),
        (png()[:60], "is no PNG that can be read"),
        (png(width=4001), "is 4001 by 10 pixels; use at most 4000"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence_that_names_the_way_out(picture: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked_logo(picture)

    assert said in refusal.value.message
    assert (refusal.value.code, refusal.value.field) == ("bad_logo", "logo")


def test_the_largest_file_is_read() -> None:
    padded = svg(SHAPES) + b" " * (MOST_LOGO_BYTES - len(svg(SHAPES)))

    assert checked_logo(padded).media_type == "image/svg+xml"
