"""Letters say the same in every language, and amounts and dates as they are written there."""

from datetime import UTC, datetime

import pytest

from billflow.mail.templates import PORTAL_LINK, mail, portal_link_mail, texts
from billflow.models.contracts.mail import (
    ListedInvoice,
    Mail,
    NotificationFacts,
    NotificationInput,
    Occasion,
    PortalLinkFacts,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = NotificationFacts(
    customer_id="c",
    recipient="billing@acme.example",
    name="Acme {Corp}",
    language="en-US",
    invoice_name="ACME-0007",
    open_amount=123_456,
    currency="EUR",
    due_at=datetime(2026, 3, 8, tzinfo=UTC),
    hosted_invoice_url="https://invoice.example/7",
    is_closed=False,
)


def written(occasion: Occasion, language: str = "en", next_at: datetime | None = None, **changes: object) -> Mail:
    ask = NotificationInput(org_id="o", invoice_id="i", occasion=occasion, at=AT, next_at=next_at)
    return mail(ask, FACTS.model_copy(update={"language": language, **changes}))


def test_every_language_has_a_text_for_every_occasion() -> None:
    names = {"greeting", "link", "portal", "within_day", "within_days", "closing", "plus_tax", *Occasion}
    assert {language: set(known) for language, known in texts().items()} == dict.fromkeys(
        ("en", "de", "fr", "it"), names
    )


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
def test_every_mail_is_filled_in_and_names_its_reader(language: str) -> None:
    for occasion in set(Occasion) - {Occasion.PRICE_CHANGE, Occasion.PORTAL_LINK}:
        mail = written(occasion, language, AT)

        assert mail.language == language, occasion
        assert "Acme {Corp}" in mail.body, occasion
        assert "[next]" not in mail.body, occasion
        assert "{" not in (mail.subject + mail.body).replace("{Corp}", ""), occasion


def test_an_amount_that_stripe_will_tax_says_so() -> None:
    bodies = [written(Occasion.INVOICE_UPCOMING, one, plus_tax=True).body for one in ("en", "de", "fr", "it")]
    for body, words in zip(bodies, ("plus tax", "zuzüglich Steuer", "hors taxes", "più imposte"), strict=True):
        assert words in body
    assert "plus tax" not in written(Occasion.INVOICE_UPCOMING).body


@pytest.mark.parametrize(
    ("language", "amount", "due"),
    [
        ("en-US", "EUR\xa01,234.56", "March 8, 2026"),
        ("de-CH", "EUR\xa01\u2019234.56", "8. März 2026"),
        ("de-DE", "EUR\xa01.234,56", "8. März 2026"),
        ("fr-FR", "EUR\xa01\u202f234,56", "8 mars 2026"),
        ("it", "EUR\xa01.234,56", "8 marzo 2026"),
    ],
)
def test_amounts_and_dates_are_written_as_the_customer_writes_them(language: str, amount: str, due: str) -> None:
    body = written(Occasion.REMINDER_AFTER, language).body

    assert amount in body
    assert due in body


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "JPY\xa01,234"), ("BHD", "BHD\xa01.234"), ("USD", "USD\xa012.34")]
)
def test_each_currency_has_its_own_decimals(currency: str, amount: str) -> None:
    assert f"{amount} for" in written(Occasion.REMINDER_DUE, currency=currency, open_amount=1234).body


def test_a_language_we_do_not_write_gets_english() -> None:
    assert [written(Occasion.SUSPENDED, tag).language for tag in ("ja-JP", "x", "")] == ["en"] * 3


def test_a_confirmation_is_asked_for_with_the_page_where_it_is_given() -> None:
    assert "https://invoice.example/7" in written(Occasion.ACTION_REQUIRED).body


def test_what_comes_next_is_named_only_where_something_does() -> None:
    assert "try again on March 1, 2026" in written(Occasion.PAYMENT_FAILED, next_at=AT).body
    assert "try again" not in written(Occasion.PAYMENT_FAILED).body


@pytest.mark.parametrize(
    ("language", "lines", "total"),
    [
        ("en", ["- March 1, 2026: A-1, EUR\xa012.00", "- April 1, 2026: A-2, -EUR\xa03.05"], "EUR\xa08.95"),
        ("de", ["- 1. März 2026: A-1, EUR\xa012,00", "- 1. April 2026: A-2, -EUR\xa03,05"], "EUR\xa08,95"),
    ],
)
def test_invoices_told_of_together_are_listed_with_their_sum(language: str, lines: list[str], total: str) -> None:
    listed = tuple(
        ListedInvoice(invoice_name=f"A-{month}", issued_at=datetime(2026, month + 2, 1, tzinfo=UTC), total=amount)
        for month, amount in ((1, 1200), (2, -305))
    )
    body = written(Occasion.BACKFILL, language, listed=listed).body

    assert [line for line in body.splitlines() if line.startswith("- ")] == lines
    assert total in body
    assert "https://" not in body


def test_a_name_cannot_add_headers_to_a_mail() -> None:
    assert "\n" not in written(Occasion.PAYMENT_FAILED, name="a\nBcc: b@c.example").subject


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
def test_a_link_into_the_portal_comes_from_the_seller_and_is_made_later(language: str) -> None:
    facts = PortalLinkFacts(recipient="a@b.example", name="Acme", language=language, seller="Example\nSoftware")
    mail = portal_link_mail(facts)

    assert mail.subject.endswith("Example Software")
    assert mail.body.splitlines()[-1] == "Example Software"
    assert mail.body.count(PORTAL_LINK) == 1
    assert "{" not in mail.subject + mail.body


@pytest.mark.parametrize("language", ["en", "de", "fr", "it"])
@pytest.mark.parametrize("occasion", [Occasion.PAYMENT_FAILED, Occasion.REMINDER_AFTER, Occasion.TRIAL_WILL_END])
def test_a_mail_holds_a_link_into_the_portal_where_that_is_switched_on(language: str, occasion: Occasion) -> None:
    assert written(occasion, language, portal_link=True).body.count(PORTAL_LINK) == 1
    assert PORTAL_LINK not in written(occasion, language).body
