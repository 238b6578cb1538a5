"""The letters of a document: a font for most of Europe, and others for names in the scripts that it lacks."""

import unicodedata
from importlib.resources import as_file, files

from fpdf import FPDF

FONT = "DejaVu"
OTHERS = {"RightToLeft": "DejaVuSans-RightToLeft.ttf", "EastAsian": "DroidSansFallback.ttf"}
"""Fonts that are read where a document has letters that the first one lacks: reading them takes a second."""

_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def add_typefaces(pdf: FPDF, text: str) -> bool:
    """Let *pdf* print any letter of *text* that one of our fonts has; what none has prints as an empty box.

    Return whether that takes more than the first font.
    """
    with as_file(files("billflow.documents").joinpath("fonts")) as folder:
        pdf.add_font(FONT, "", folder / "DejaVuSans.ttf")
        pdf.add_font(FONT, "B", folder / "DejaVuSans-Bold.ttf")
        known = {code for font in pdf.fonts.values() for code in getattr(font, "cmap", ())}
        if all(ord(letter) in known for letter in text if letter.isprintable()):
            return False
        for name, file in OTHERS.items():
            pdf.add_font(name, "", folder / file)
    pdf.set_fallback_fonts(list(OTHERS), exact_match=False)
    if any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text):
        pdf.set_text_shaping()
    return True
