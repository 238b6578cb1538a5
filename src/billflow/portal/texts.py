"""What the portal says, in each language that documents are in, and refusals by their codes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from billflow.documents.content import DocumentContent, content_in
from billflow.documents.translations import FALLBACK, LANGUAGES
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import TooManyRequests, Unavailable

Texts = Mapping[str, Any]


@cache
def texts() -> Mapping[str, Texts]:
    """Return every text, by language and name."""
    return tomllib.loads(files("billflow.portal").joinpath("texts.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Reader:
    """Somebody who reads in one language: its texts, and how amounts and days are written there."""

    texts: Texts
    content: DocumentContent

    @property
    def language(self) -> str:
        """Return the language's ISO 639 code."""
        return self.content.locale.language

    def say(self, name: str, **values: object) -> str:
        """Return a text with *values* filled in."""
        return str(self.texts[name]).format(**values)

    def refusal(self, error: BillingError) -> str:
        """Say why something was not done; what has no text of its own has that of its kind."""
        known = self.texts["refusals"]
        number = getattr(error, "minimum", getattr(error, "maximum", None))
        name = error.code
        if name not in known or ("{n}" in known[name] and number is None):
            name = _kind(error)
        return str(known[name]).format(n=number, field=self.texts.get(error.field or "", error.field))

    def licenses(self, count: int) -> str:
        """Write a number of licenses."""
        return self.texts["license_one"] if count == 1 else self.say("license_many", n=self.content.number(count))


def reader_of(language: str) -> Reader:
    """Return a reader of a BCP 47 tag's language, of English where it is none of ours."""
    content = content_in(language)
    return Reader(texts()[content.locale.language], content)


def accepted(header: str) -> str:
    """Return the first language of an `Accept-Language` header that is ours."""
    asked = (part.partition(";")[0].strip().lower()[:2] for part in header.split(","))
    return next((language for language in asked if language in LANGUAGES), FALLBACK)


def _kind(error: BillingError) -> str:
    if isinstance(error, NotFound):
        return "not_found"
    if isinstance(error, TooManyRequests):
        return "too_many"
    if isinstance(error, Unavailable):
        return "unavailable"
    return "invalid_input" if isinstance(error, ValueError) and error.field else "other"
