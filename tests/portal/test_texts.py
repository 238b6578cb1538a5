"""What the portal says in each language: the same texts everywhere, none left over, and a French portal in French."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from string import Formatter
from uuid import uuid4

import httpx
import pytest

import billflow.portal
from billflow.documents.translations import words_in
from billflow.domain.errors import NotEnoughLicenses, NotFound, Refused
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.errors import Unavailable
from billflow.portal.actions import ACTIONS
from billflow.portal.texts import Reader, accepted, reader_of, texts
from scripts.errors_doc import documented
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, bought
from tests.portal.visitors import link_of, token_in, visiting

SOURCES = Path(billflow.portal.__file__).parent
ENGLISH = texts()["en"]


def leaves(held: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text by its path."""
    for name, value in held.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)


def fields(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["de", "fr", "it"])
def test_every_language_has_the_same_texts_with_the_same_names_in_braces(language: str) -> None:
    english, other = dict(leaves(ENGLISH)), dict(leaves(texts()[language]))

    assert other.keys() == english.keys()
    assert {name: fields(text) for name, text in other.items()} == {
        name: fields(text) for name, text in english.items()
    }
    same = {name for name, text in other.items() if text == english[name] and len(text) > 12}
    assert same - {"add_on"} == set()


def test_every_text_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCES.rglob("*") if path.suffix in (".py", ".html")
    )
    spelled = set(re.findall(r"\w+", source)) | {f"{why}_{part}" for why in _OVER for part in ("title", "text")}
    computed = {f"state_{status}" for status in ("draft", "void")} | set(CollectionMethod)

    assert {name for name, text in ENGLISH.items() if isinstance(text, str)} - spelled - computed == set()


_OVER = ("link_over", "session_over", "frame_over", "left")


def test_every_code_status_and_action_has_its_text() -> None:
    for language in texts().values():
        assert language["plan_statuses"].keys() == {status.value for status in PlanStatus}
        assert language["schedules"].keys() == {schedule.value for schedule in Schedule}
        assert language["actions"].keys() == language["about"].keys() == ACTIONS.keys()


def test_refusals_are_known_by_codes_that_exist() -> None:
    kinds = {"other", "too_many", "unavailable"}

    assert set(ENGLISH["refusals"]) - kinds <= set(documented())


def test_a_refusal_without_a_text_of_its_own_has_that_of_its_kind() -> None:
    german: Reader = reader_of("de-AT")

    assert "mindestens 7 Lizenzen" in german.refusal(NotEnoughLicenses(7))
    assert german.refusal(Refused("Licenses!", code="not_enough_licenses")) == german.texts["refusals"]["other"]
    assert german.refusal(NotFound("no", code="no_such_route")) == german.texts["refusals"]["not_found"]
    assert german.refusal(Unavailable("later", code="no_answer_in_time")) == german.texts["refusals"]["unavailable"]


@pytest.mark.parametrize(
    ("header", "language"),
    [("fr-CH, en;q=0.9", "fr"), ("pl, it;q=0.5", "it"), ("", "en"), ("tlh", "en"), (";;,", "en")],
)
def test_who_has_no_session_is_answered_in_its_browsers_language(header: str, language: str) -> None:
    assert accepted(header) == language


LANGUAGES = {"de": "de-CH", "fr": "fr-FR", "it": "it-IT"}
"""Besides English, each with what a customer of it has as its language."""

WORD = re.compile(r"[^\W\d_]{3,}")
MARKUP = re.compile(r"<(script|style|svg|code)\b.*?</\1>|<[^>]*>", re.DOTALL)
ATTRIBUTES = re.compile(r'(?:title|alt|placeholder|aria-label)="([^"]*)"')


def words_of(texts: Iterable[str]) -> set[str]:
    """Return the words in texts, in small letters."""
    return {word.lower() for text in texts for word in WORD.findall(re.sub(r"{\w+}", " ", text))}


def spoken(language: str) -> set[str]:
    """Return the words that a portal says in a language: its own, and those of documents."""
    documents = (text for _, text in leaves(asdict(words_in(language))))
    return words_of([*(text for _, text in leaves(texts()[language])), *documents])


def read_on(page: httpx.Response) -> set[str]:
    """Return the words that somebody reads on a page, or hears of it."""
    return words_of([unescape(MARKUP.sub(" ", page.text)), *map(unescape, ATTRIBUTES.findall(page.text))])


@pytest.fixture
async def client(env: ApiEnvironment, api: httpx.AsyncClient, language: str) -> Acme:
    """Return a customer that reads a language, with one of everything that a portal shows."""
    found = await bought(env, api, name="Zzz Qqq", default_language=LANGUAGES[language])
    customer, invoice = f"/api/v1/customers/{found.customer['id']}", f"/api/v1/invoices/{found.invoice['id']}"
    for path, body in (
        (f"{customer}/credits", {"amount": 2500, "reason": "xxx"}),
        (f"{customer}/contacts", {"name": "Yyy", "email": "yyy@zzz.example", "is_primary": True}),
        (f"{invoice}/refund", {"amount": 500}),
        (f"{invoice}/credit-notes", {"amount": 100, "refund_method": "balance"}),
    ):
        (await api.post(path, json=body)).raise_for_status()
    return found


@pytest.fixture
async def prospect(api: httpx.AsyncClient, language: str) -> tuple[str, str]:
    """Return a customer without a plan, and an offer to it."""
    new = {"name": "Zzz", "email": f"{uuid4().hex}@zzz.example", "default_language": LANGUAGES[language]}
    customer = (await api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    prices = {"tier": "cloud_plus", "monthly_discounted_price": 700, "annual_discounted_price": 7000}
    terms = {**prices, "minimum_licenses": 5, "expires_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()}
    offer = await api.post(f"/api/v1/customers/{customer}/offers", json=terms)
    return customer, offer.raise_for_status().json()["offer"]["id"]


async def pages_in(
    env: ApiEnvironment, api: httpx.AsyncClient, client: Acme, prospect: tuple[str, str], language: str
) -> list[httpx.Response]:
    """Return every page of a portal: with a plan, with an offer, refused, and without a session."""
    plan, invoice = f"/plans/{client.plan['id']}", f"/invoices/{client.invoice['id']}"
    paths = ["/", "/?done=done", "/invoices", invoice, "/details", "/details?done=saved", "/nowhere"]
    paths += [f"{plan}/{action}" for action in ACTIONS]
    paths += [f"{plan}/licenses?value={text}" for text in ("12", "3", "x")] + [f"{plan}/upgrade?value=cloud_plus"]
    paths += [f"{plan}/licenses-at-renewal?value={text}" for text in ("15", "1")]
    async with visiting(env, api, client.customer["id"]) as browser:
        pages = [await browser.get(path) for path in paths]
        pages.append(await browser.post("/details", country="XX"))
        pages.append(await browser.post("/contacts", email="nobody"))
    async with visiting(env, api, prospect[0]) as browser:
        pages += [await browser.get(path) for path in ("/", f"/offers/{prospect[1]}")]
        browser.cookie, browser.headers = "", {"Accept-Language": language}
        pages += [await browser.get(path) for path in ("/", "/left", f"/request/{env.org_id}")]
        pages.append(await browser.get("/open", token="x"))
        pages.append(await browser.post(f"/request/{env.org_id}", email="nobody@zzz.example"))
        link = await link_of(api, prospect[0])
        pages.append(await browser.get("/open", token=token_in(link)))
        pages.append(await browser.get(f"/embedded/{env.org_id}/open"))
    return pages


@pytest.mark.full
@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_english_word_is_left_on_any_page_in_another_language(
    env: ApiEnvironment, api: httpx.AsyncClient, client: Acme, prospect: tuple[str, str], language: str
) -> None:
    pages = await pages_in(env, api, client, prospect, language)
    names = words_of(["Cloud Standard", "Cloud Plus", "Stripe", "default", "billing.app.example"])
    foreign = spoken("en") - spoken(language) - names

    assert len(foreign) > 300
    for page in pages:
        assert f'<html lang="{language}">' in page.text, page.url
        assert page.headers["content-language"] == language
        assert read_on(page) & foreign == set(), page.url


@pytest.mark.full
@pytest.mark.parametrize("language", ["fr"])
async def test_a_french_portal_counts_and_pays_as_the_french_do(
    env: ApiEnvironment, api: httpx.AsyncClient, client: Acme
) -> None:
    async with visiting(env, api, client.customer["id"]) as browser:
        overview = await browser.get("/")
        fewer = await browser.get(f"/plans/{client.plan['id']}/licenses?value=3")

    assert "10 licences Cloud Standard, facturation mensuelle." in overview.text
    assert "80,00\xa0$US" in overview.text
    assert "avant le prochain renouvellement" in fewer.text
