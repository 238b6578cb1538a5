"""What an operator sets: seller, catalogue, tax and dunning, each compared first, applied once, on what was read."""

import io
import re
import tomllib
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from http import HTTPStatus

import httpx
import pytest
from pypdf import PdfReader

from billflow.documents.logo import SVG
from billflow.domain.scopes import Scope
from billflow.domain.tax.policy import TaxMode
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.records import Paging
from billflow.models.contracts.seller import SELLER_FILE
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.pages.confirmations import CONFIRMED_AS
from billflow.pages.forms import CSRF_FIELD
from tests.api_environment import ApiEnvironment
from tests.console.people import ConsolePerson, browsing
from tests.console.test_actions import key_in

FIELD = re.compile(r'<input[^>]* name="(\w+)" value="([^"]*)"')
CHECKED = re.compile(r'<input type="checkbox" name="(\w+)" value="yes" checked>')
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
ADDRESS = {"street": "Ring 1", "city": "Ulm", "country": "DE"}
RATE = '[[rates]]\ncountry = "{}"\nname = "VAT"\npercent = "{}"\n'
LONG = re.compile(r'<textarea[^>]* name="(\w+)"[^>]*>\n?([^<]*)</textarea>')


@pytest.fixture(autouse=True)
async def put_back(env: ApiEnvironment) -> AsyncIterator[None]:
    """Sell and tax as before once a test is over: other tests know the prices."""
    repositories = env.engine.repositories
    _, sold = await repositories.catalogs.version(env.org_id)
    yield
    change = ChangeContext(actor="tests", at=datetime.now(UTC))
    await repositories.catalogs.apply(env.org_id, sold, change)
    await repositories.taxes.apply(env.org_id, TaxDocument(mode=TaxMode.NONE), change)


def filled(page: httpx.Response) -> dict[str, str]:
    """Return what the first form of a page would send, the search apart."""
    form = page.text.split('<form class="card"', 1)[1].split("</form>", 1)[0]
    fields = {name: value for name, value in FIELD.findall(form) if 'type="checkbox"' not in name}
    boxes = set(re.findall(r'type="checkbox" name="(\w+)"', form))
    sent = {name: value for name, value in fields.items() if name not in boxes}
    sent |= dict.fromkeys(CHECKED.findall(form), "yes") | dict(LONG.findall(form))
    return {name: unescape(value) for name, value in sent.items() if name not in (CSRF_FIELD, "preview", CONFIRMED_AS)}


async def reasons(env: ApiEnvironment, action: str) -> list[tuple[str, object]]:
    """Return who did something and why, the newest first."""
    found = await env.engine.queries.audit.list(env.org_id, AuditFilter(action=action), Paging())
    return [(row.actor, (row.detail or {}).get("reason")) for row in found.rows]


async def confirmed_twice(
    person: ConsolePerson, path: str, preview: httpx.Response, **form: str
) -> tuple[httpx.Response, httpx.Response]:
    """Confirm what a page previews, and once more by the back button."""
    sent = {**form, "why": "for the tests", "key": key_in(preview)}
    return await person.post(path, **sent), await person.post(path, **sent)


async def test_the_dunning_policy_is_compared_and_changed_once(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    path, before = "/operate/dunning/edit", (await api.get("/api/v1/dunning")).json()
    async with browsing(env, ConsoleRole.ADMIN) as person:
        form = filled(await person.get(path))
        wrong = await person.get(path, **form | {"retry_after_days": "5, 3"}, preview="yes")
        half = await person.get(path, **form | {"end_plans_below_seats": "5"}, preview="yes")
        same = await person.get(path, **form, preview="yes")
        asked = form | {"retry_after_days": "1, 4, 9", "end_plan_after_days": "45"}
        asked |= {"end_plans_below_seats": "6", "once_unpaid_invoices": "3"}
        preview = await person.get(path, **asked, preview="yes")
        first, again = await confirmed_twice(person, path, preview, **asked)

    assert form == {
        "retry_after_days": "1, 3, 5, 7",
        "reminder_days": "-3, 0, 7",
        "suspend_customer": "yes",
        "end_plan_after_days": "30",
        "end_plans_below_seats": "",
        "once_unpaid_invoices": "",
        "seen": form["seen"],
    }
    assert (wrong.status_code, "the earliest first" in wrong.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert "or neither" in half.text
    assert "Nothing changes." in same.text
    assert "<td>1, 3, 5, 7</td><td><strong>1, 4, 9</strong></td>" in preview.text
    assert first.headers["location"] == again.headers["location"] == "/console/operate/terms"
    assert (await api.get("/api/v1/dunning")).json() == before | {
        "retry_after_days": [1, 4, 9],
        "end_plan_after_days": 45,
        "small_organizations": {"seats": 6, "invoices": 3},
    }
    assert await reasons(env, "dunning_policy.changed") == [("console:Kim", "for the tests")]


async def test_what_another_changed_meanwhile_is_not_overwritten(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    path = "/operate/dunning/edit"
    async with browsing(env, ConsoleRole.ADMIN) as person, env.client(await env.key(*Scope)) as other:
        asked = filled(await person.get(path)) | {"reminder_days": "-5, 2"}
        preview = await person.get(path, **asked, preview="yes")
        (await other.patch("/api/v1/dunning", json={"end_plan_after_days": 60})).raise_for_status()
        mistyped = await person.post(path, **asked | {"reminder_days": "x"}, why="why not", key=key_in(preview))
        refused, _ = await confirmed_twice(person, path, preview, **asked)
        too_late = await person.get(path, **asked, preview="yes")
        kept = filled(refused)
        preview = await person.get(path, **kept, preview="yes")
        done, _ = await confirmed_twice(person, path, preview, **kept)

    assert refused.status_code == too_late.status_code == HTTPStatus.PRECONDITION_FAILED
    assert mistyped.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert _hidden(mistyped, "seen") == asked["seen"]
    assert "Then the plan ends after days is now “60”" in refused.text
    assert "Leave it" not in refused.text
    assert kept | {"seen": ""} == asked | {"seen": ""}
    assert done.status_code == HTTPStatus.SEE_OTHER
    policy = (await api.get("/api/v1/dunning")).json()
    assert (policy["reminder_days"], policy["end_plan_after_days"]) == ([-5, 2], int(asked["end_plan_after_days"]))


@pytest.mark.usefixtures("acme")
async def test_the_seller_is_printed_before_it_is_changed(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    path, before = "/operate/seller/edit", (await api.get("/api/v1/seller")).json()["version"]
    async with browsing(env, ConsoleRole.ADMIN) as person:
        form = filled(await person.get(path))
        asked = form | {"legal_name": "Rockets & Söhne GmbH", "street": "Ring 1", "city": "Ulm", "country": "DE"}
        asked |= {"footer": "Two lines:\nthis is the second."}
        wrong = await person.get(path, **asked | {"vat_number": "DE1"}, preview="yes")
        preview = await person.get(path, **asked, preview="yes")
        found = re.search(r'<iframe class="document" src="/console([^"]+)"', preview.text)
        assert found
        sample = await person.get(unescape(found[1]))
        first, again = await confirmed_twice(person, path, preview, **asked)
        listed = await person.get("/operate/terms")

    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'value="DE1"' in wrong.text
    assert "Rockets &amp; Söhne GmbH" in preview.text
    assert sample.headers["content-type"] == "application/pdf"
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(sample.content)).pages)
    assert all(text in printed for text in ("Rockets & Söhne GmbH", "Ring 1", "this is the second."))
    assert first.headers["location"] == again.headers["location"] == "/console/operate/terms"
    seller = (await api.get("/api/v1/seller")).json()
    assert (seller["legal_name"], seller["reason"]) == ("Rockets & Söhne GmbH", "for the tests")
    assert seller["version"] == before + 1
    assert seller["address"]["city"] == "Ulm"
    assert seller["footer"].split() == ["Two", "lines:", "this", "is", "the", "second."]
    assert "Rockets &amp; Söhne GmbH" in listed.text


@pytest.mark.parametrize("step", ["check", "apply"])
async def test_a_logo_that_runs_something_is_refused(env: ApiEnvironment, step: str) -> None:
    evil = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="4" height="4"/></svg>'
    async with browsing(env, ConsoleRole.ADMIN) as person:
        await person.get("/operate/seller/logo")
        if step == "check":
            answer = await person.upload("/operate/seller/logo/check", evil)
        else:
            image = b64encode(evil).decode()
            answer = await person.post("/operate/seller/logo", image=image, why="why not", key="d" * 32, seen="1")

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "which runs or loads something; leave it out" in unescape(answer.text)


@pytest.mark.full
@pytest.mark.usefixtures("acme")
async def test_a_logo_is_looked_at_applied_once_and_removed(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    path = "/operate/seller/logo"
    async with browsing(env, ConsoleRole.ADMIN) as person:
        await with_seller(env)
        opened = await person.get(path)
        shown = await person.upload(f"{path}/check", LOGO, seen=_hidden(opened, "seen"))
        image, seen = _hidden(shown, "image"), _hidden(shown, "seen")
        sample = await person.post(f"{path}/sample", image=image)
        unexplained = await person.post(path, image=image, seen=seen, key=key_in(shown), why=" ")
        first, again = await confirmed_twice(person, path, shown, image=image, seen=seen)
        version = (await api.get("/api/v1/seller")).json()["version"]
        picture = await person.get(f"{path}/picture")
        late = await person.post(path, image=image, seen=seen, why="for the tests", key="9" * 32)
        gone = await person.get(f"{path}/remove")
        removed, _ = await confirmed_twice(person, f"{path}/remove", gone, seen=_hidden(gone, "seen"))

    assert f'src="data:{SVG};base64,{image}"' in shown.text
    assert sample.content.startswith(b"%PDF")
    assert unexplained.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert key_in(unexplained) == key_in(shown)
    assert (first.status_code, again.status_code, version) == (
        HTTPStatus.SEE_OTHER,
        HTTPStatus.SEE_OTHER,
        int(seen) + 1,
    )
    assert picture.headers["content-type"].startswith(SVG)
    assert "sandbox" in picture.headers["content-security-policy"]
    assert (late.status_code, f'value="{image}"' in late.text) == (HTTPStatus.PRECONDITION_FAILED, True)
    assert removed.status_code == HTTPStatus.SEE_OTHER
    assert (await api.get("/api/v1/seller")).json()["logo"] is None


@pytest.mark.full
@pytest.mark.usefixtures("acme")
async def test_a_catalogue_is_compared_with_whose_invoice_changes_and_applied_once(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    path = "/operate/documents/catalog"
    async with browsing(env, ConsoleRole.ADMIN) as person:
        opened = await person.get(path)
        text, seen = filled(opened)["text"], filled(opened)["seen"]
        dearer = text.replace("monthly = 800", "monthly = 900", 1) + '\n[tier.team]\nname = "Team"\n'
        shown = await person.upload(f"{path}/check", dearer.encode(), text="", seen=seen)
        first, again = await confirmed_twice(person, path, shown, text=dearer.replace("\n", "\r\n"), seen=seen)
        again_checked = await person.post(f"{path}/check", text=text, seen=str(int(seen) + 1))
        late, _ = await confirmed_twice(person, path, again_checked, text=text, seen=seen)
        same = await person.post(f"{path}/check", text=dearer, seen=str(int(seen) + 1))

    sold = (await api.get("/api/v1/catalog")).json()
    assert tomllib.loads(text)["tier"].keys() | {"team"} == sold["tier"].keys()
    assert '<th scope="row">cloud_standard: prices.CHF.monthly</th><td>800</td><td><strong>900</strong></td>' in (
        shown.text
    )
    assert "team: name" in shown.text
    assert "no next invoice changes." in shown.text
    assert first.headers["location"] == again.headers["location"] == "/console/operate/terms"
    assert (sold["version"], sold["reason"]) == (int(seen) + 1, "for the tests")
    assert (late.status_code, "Your text is still here" in late.text) == (HTTPStatus.PRECONDITION_FAILED, True)
    assert "Nothing changes." in same.text


@pytest.mark.parametrize(
    ("document", "text", "said"),
    [
        ("catalog", "[tier.team\n", "is no TOML"),
        ("catalog", '[tier.team]\nname = "Team"\n\n[tier.team.prices]\nEUR = { monthly = 9.5 }\n', "Line 5: "),
        ("catalog", '[tier.team]\nname = "Team"\nminimum_seats = 3\n', "Line 3: "),
        ("catalog", '[tier.other]\nname = "Other"\n', "cloud_standard"),
        ("tax", f'mode = "own_rates"\n\n{RATE.format("DE", 19)}\n{RATE.format("FR", 120)}', "Line 11: "),
        ("tax", 'mode = "guessed"\n', "Line 1: "),
    ],
)
async def test_what_is_wrong_with_a_text_is_told_with_its_line_and_the_text_stays(
    env: ApiEnvironment, api: httpx.AsyncClient, document: str, text: str, said: str
) -> None:
    path = f"/operate/documents/{document}"
    before = (await api.get(f"/api/v1/{document}")).json()
    async with browsing(env, ConsoleRole.ADMIN) as person:
        seen = filled(await person.get(path))["seen"]
        checked = await person.post(f"{path}/check", text=text, seen=seen)
        applied = await person.post(path, text=text, seen=seen, why="why not", key="a" * 32)

    for answer in (checked, applied):
        assert answer.status_code in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT)
        assert said in unescape(answer.text.split('role="alert"')[1].split("</p>")[0])
        assert filled(answer)["text"] == text
        assert "Leave it" not in answer.text
    assert (await api.get(f"/api/v1/{document}")).json() == before


async def test_tax_is_compared_and_applied(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    path = "/operate/documents/tax"
    await with_seller(env)
    async with browsing(env, ConsoleRole.ADMIN) as person:
        opened = await person.get(path)
        example, seen = filled(opened)["text"], filled(opened)["seen"]
        asked = 'mode = "own_rates"\n[[rates]]\ncountry = "DE"\nname = "VAT"\npercent = "17"\n'
        shown = await person.post(f"{path}/check", text=asked, seen=seen)
        first, _ = await confirmed_twice(person, path, shown, text=asked, seen=seen)
        reopened = await person.get(path)

    assert tomllib.loads(example)["mode"] in [*TaxMode]
    assert '<th scope="row">rates.DE.percent</th><td>–</td><td><strong>17</strong></td>' in shown.text
    assert first.status_code == HTTPStatus.SEE_OTHER
    applied = (await api.get("/api/v1/tax")).json()
    assert applied["versions"][0]["reason"] == "for the tests"
    assert next(rate for rate in applied["rates"] if rate["country"] == "DE")["percent"] == "17"
    assert tomllib.loads(filled(reopened)["text"])["rates"][0]["percent"] == "17"


def _hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


async def with_seller(env: ApiEnvironment) -> None:
    """Let there be a seller, where there is none yet."""
    sellers = env.engine.repositories.sellers
    if (await sellers.get(env.org_id)).legal_name is None:
        document = SELLER_FILE.parse({"legal_name": "Rockets GmbH", "address": ADDRESS})
        await sellers.apply(env.org_id, document, ChangeContext(actor="tests", at=datetime.now(UTC)))
