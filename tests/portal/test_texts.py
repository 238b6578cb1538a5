"""What the portal says in each language: the same texts everywhere, none left over, and a French portal in French."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import httpx
import pytest

import billflow.portal
from billflow.domain.errors import NotEnoughLicenses, NotFound, Refused
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.errors import Unavailable
from billflow.portal.actions import ACTIONS
from billflow.portal.texts import Reader, accepted, reader_of, texts
from scripts.errors_doc import documented
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, bought
from tests.portal.visitors import visiting

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


@pytest.fixture(scope="module")
async def client(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer that reads French."""
    return await bought(env, api, name="Société Générique", default_language="fr-FR")


@pytest.mark.full
async def test_a_french_portal_is_french(env: ApiEnvironment, api: httpx.AsyncClient, client: Acme) -> None:
    paths = [
        "/",
        "/invoices",
        f"/invoices/{client.invoice['id']}",
        "/details",
        f"/plans/{client.plan['id']}/licenses?value=12",
        f"/plans/{client.plan['id']}/licenses?value=3",
        f"/plans/{client.plan['id']}/cancel",
        f"/plans/{client.plan['id']}/upgrade?value=cloud_plus",
        "/nowhere",
    ]
    async with visiting(env, api, client.customer["id"]) as browser:
        pages = [await browser.get(path) for path in paths]
        browser.cookie, browser.headers = "", {"Accept-Language": "fr"}
        pages += [await browser.get("/"), await browser.get("/left"), await browser.get("/open", token="x")]

    english = [text for _, text in leaves(ENGLISH) if len(text) > 12 and "{" not in text]
    french = dict(leaves(texts()["fr"]))
    foreign = [text for text in english if text not in french.values()]
    for page in pages:
        assert '<html lang="fr">' in page.text
        assert page.headers["content-language"] == "fr"
        assert [text for text in foreign if text in page.text] == [], page.url
    assert "10 licences Cloud Standard, facturation mensuelle." in pages[0].text
    assert "US" in pages[0].text
    assert "avant le prochain renouvellement" in pages[5].text
