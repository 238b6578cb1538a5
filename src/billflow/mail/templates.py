"""Put what there is to say into the customer's words, with amounts and dates as they are written there."""

import tomllib
from functools import cache
from importlib.resources import files

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from billflow.domain.currencies import CURRENCIES
from billflow.models.contracts.base import Moment
from billflow.models.contracts.mail import (
    ListedInvoice,
    Mail,
    NotificationFacts,
    NotificationInput,
    Occasion,
    PlanNotification,
    PortalLinkFacts,
    PriceChangeFacts,
)

FALLBACK = "en"
"""The language of those whose own we don't write."""

PORTAL_LINK = "[portal link]"
"""What stands for a link into the portal in a mail that is stored: each is made as the mail is sent."""

_OPTIONAL = "[next]"
_PAYABLE = frozenset(Occasion) - {Occasion.REACTIVATED, Occasion.WRITTEN_OFF, Occasion.BACKFILL}


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return every text, by language and name."""
    return tomllib.loads(files("billflow.mail").joinpath("templates.toml").read_text(encoding="utf-8"))


def mail(ask: NotificationInput | PlanNotification, facts: NotificationFacts) -> Mail:
    """Return the letter about an invoice or a plan in the language of its customer."""
    locale = _locale(facts.language)
    language = locale.language if locale.language in texts() else FALLBACK
    written = texts()[language]
    values = _values(ask, facts, locale if language == locale.language else Locale(FALLBACK))
    if facts.plus_tax:
        values["amount"] = written["plus_tax"].format_map(values)
    subject, *body = written[ask.occasion].strip().splitlines()
    sentences = [line.removeprefix(_OPTIONAL) for line in body if ask.next_at or not line.startswith(_OPTIONAL)]
    link = [written["link"]] if facts.hosted_invoice_url and ask.occasion in _PAYABLE else []
    portal = [written["portal"]] if facts.portal_link else []
    parts = [written["greeting"], "\n".join(sentences), *link, *portal, written["closing"]]
    return Mail(
        language=language,
        recipient=facts.recipient,
        subject=_one_line(subject.format_map(values)),
        body="\n\n".join(part.format_map(values) for part in parts) + "\n",
    )


def portal_link_mail(facts: PortalLinkFacts) -> Mail:
    """Return the mail with a link into the portal in its customer's language, `PORTAL_LINK` in the link's place."""
    locale = _locale(facts.language)
    language = locale.language if locale.language in texts() else FALLBACK
    written, seller = texts()[language], _one_line(facts.seller)
    within = written["within_day" if facts.days == 1 else "within_days"].format(days=facts.days)
    values = {"name": _one_line(facts.name), "seller": seller, "portal_link": PORTAL_LINK, "within": within}
    subject, *sentences = written[Occasion.PORTAL_LINK].strip().splitlines()
    parts = [written["greeting"], "\n".join(sentences), f"{written['closing']}\n{{seller}}"]
    return Mail(
        language=language,
        recipient=facts.recipient,
        subject=_one_line(subject.format_map(values)),
        body="\n\n".join(part.format_map(values) for part in parts) + "\n",
    )


def price_change_mail(facts: PriceChangeFacts) -> Mail:
    """Return the mail about another price in the language of its customer."""
    locale = _locale(facts.language)
    language = locale.language if locale.language in texts() else FALLBACK
    written, spoken = texts()[language], locale if language == locale.language else Locale(FALLBACK)
    when = facts.takes_effect_at
    values = {
        "name": _one_line(facts.name),
        "tier": _one_line(facts.tier_name),
        "before": _amount(facts.price_before, facts.currency, spoken),
        "after": _amount(facts.price_after, facts.currency, spoken),
        "next": _date(when, spoken) if when else "",
    }
    subject, *body = written[Occasion.PRICE_CHANGE].strip().splitlines()
    sentences = [line.removeprefix(_OPTIONAL) for line in body if when or not line.startswith(_OPTIONAL)]
    parts = [written["greeting"], "\n".join(sentences), written["closing"]]
    return Mail(
        language=language,
        recipient=facts.recipient,
        subject=_one_line(subject.format_map(values)),
        body="\n\n".join(part.format_map(values) for part in parts) + "\n",
    )


def _values(ask: NotificationInput | PlanNotification, facts: NotificationFacts, locale: Locale) -> dict[str, str]:
    return {
        "name": _one_line(facts.name),
        "invoice": facts.invoice_name,
        "amount": _amount(facts.open_amount, facts.currency, locale),
        "due": _date(facts.due_at, locale),
        "next": _date(ask.next_at, locale) if ask.next_at else "",
        "link": facts.hosted_invoice_url or "",
        "tier": _one_line(facts.tier),
        "portal_link": PORTAL_LINK,
        "list": "\n".join(_line(listed, facts.currency, locale) for listed in facts.listed),
        "sum": _amount(sum(listed.total for listed in facts.listed), facts.currency, locale),
    }


def _line(listed: ListedInvoice, currency: str, locale: Locale) -> str:
    amount = _amount(listed.total, currency, locale)
    return f"- {_date(listed.issued_at, locale)}: {listed.invoice_name}, {amount}"


def _amount(amount: int, currency: str, locale: Locale) -> str:
    decimals = CURRENCIES[currency].decimals
    pattern = "¤¤\xa0#,##0" + (f".{'0' * decimals}" if decimals else "")
    number = _decimal(amount, decimals)
    return format_currency(number, currency, locale=locale, currency_digits=False, format=pattern)


def _decimal(amount: int, decimals: int) -> str:
    sign, digits = "-" if amount < 0 else "", f"{abs(amount):0{decimals + 1}d}"
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def _date(moment: Moment, locale: Locale) -> str:
    return format_date(moment, format="long", locale=locale)


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale(FALLBACK)


def _one_line(text: str) -> str:
    return " ".join(text.split())
