"""Each form of the console with what is filled in, and what has to be there for it to do something."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from billflow.documents.logo import SVG
from billflow.domain.calendar import add_months
from billflow.domain.rule_change import RuleChange
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.documents import Logo
from billflow.models.contracts.dry_run import DryRunCreate
from billflow.models.contracts.keys import KeyNamespace
from billflow.pages.confirmations import CONFIRMED_AS
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, bought, drifted, previewed
from tests.console.test_customer_actions import created, mail_to
from tests.console.test_editing import LOGO, filled, with_seller
from tests.console.test_ten_jobs import open_invoice
from tests.once import SentForm
from tests.page_forms import forms_in

LATER = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M")
WHY = {"why": "for the tests"}
RARE = "webhook_endpoint.disabled"
"""A type of event that nothing here is."""
CHANGED = {"description": "once", "status": "enabled"}
SELLER = {"legal_name": "Once GmbH", "street": "Ring 1", "city": "Ulm", "country": "DE"}


@dataclass(frozen=True)
class OnceSite:
    """A running billflow of its own, whose every table belongs to these tests."""

    env: ApiEnvironment
    api: httpx.AsyncClient
    acme: Acme
    url: str

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the API for something."""
        return dict((await self.api.post(f"/api/v1{path}", json=body)).raise_for_status().json())


@dataclass(frozen=True)
class Filled:
    """The address of a form, and what is asked for on its page."""

    address: str
    query: Mapping[str, str] = field(default_factory=dict)


Case = Callable[[OnceSite], Awaitable[Filled]]


def plan_command(
    name: str, query: Mapping[str, str] | None = None, *before: Mapping[str, Any], **start: Any
) -> tuple[str, Case]:
    """Return a command for a plan of a new customer, after the commands *before* it."""

    async def case(site: OnceSite) -> Filled:
        found = await bought_for(site, start)
        for command in before:
            await site.post(f"/plans/{found}/commands", command)
        return Filled(f"/plans/{found}/commands/{name}", query or {})

    return f"/plans/{{plan_id}}/commands/{name}", case


async def bought_for(site: OnceSite, start: Mapping[str, Any]) -> str:
    """Return the id of a new plan: paid, or in its trial."""
    if "trial_days" not in start:
        return str((await bought(site.env, site.api, on=start)).plan["id"])
    customer = await site.env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", **start}
    return str((await site.post("/plans", asked))["plan"]["id"])


_ITEM = {"type": "add_item", "description": "Setup", "unit_amount": 100}

COMMANDS = dict(
    (
        plan_command("set_licenses", {"licenses": "12"}),
        plan_command("set_licenses_at_renewal", {"licenses": "15"}),
        plan_command("set_license_management", {"license_management": "automatic"}),
        plan_command("switch_to_annual"),
        plan_command("switch_to_monthly", None, schedule="annual"),
        plan_command("downgrade_at_end_of_cycle"),
        plan_command("downgrade_at_end_of_free_trial", None, trial_days=14),
        plan_command("cancel_scheduled_change", None, {"type": "downgrade_at_end_of_cycle"}),
        plan_command("end_now", {"void_open_invoices": ""}),
        plan_command("upgrade_tier_now", {"tier": "cloud_plus"}),
        plan_command(
            "schedule_tier_at_plan_end", {"tier": "cloud_plus"}, {"type": "set_end_date", "end_date": f"{LATER}:00Z"}
        ),
        plan_command("set_end_date", {"end_date": LATER}),
        plan_command("remove_end_date", None, {"type": "set_end_date", "end_date": f"{LATER}:00Z"}),
        plan_command("extend_trial", {"days": "7"}, trial_days=14),
        plan_command("set_collection_method", {"collection_method": "send_invoice"}),
        plan_command("apply_discount", {"monthly_discounted_price": "7", "annual_discounted_price": "70"}),
        plan_command("retry", {"in_parts": ""}),
        plan_command("add_item", {"description": "Training", "unit_amount": "30"}),
        plan_command("withdraw_item", {"item": "1"}, _ITEM),
        plan_command("set_add_on", {"add_on": "storage", "quantity": "2"}),
    )
)
"""Every command of a plan."""


_BEGIN_CUTOVER = {"type": "begin_cutover", "include_different": True, "old_system_ends": True}


async def in_parallel_run(site: OnceSite) -> str:
    """Return the id of a plan that another system bills, and not at Stripe."""
    name, tier = f"Moving {uuid4().hex[:8]}", {"tier": "cloud_standard", "schedule": "monthly", "licenses": 9}
    begin = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    period = {"period_start": begin.isoformat(), "period_end": add_months(begin, 1).isoformat()}
    customer = {"external_id": name, "name": name, "email": f"{uuid4().hex[:8]}@acme.example"}
    plan = {"external_id": f"{name}'s", "customer": name, "license_management": "manual", **tier, **period}
    asked = {"customers": [{"customer": customer, "plans": [plan]}], "parallel_run": True}
    records = (await site.post("/imports", asked))["records"]
    return next(str(one["id"]) for one in records if one["kind"] == "plan")


async def _begin_cutover(site: OnceSite) -> Filled:
    asked = {"include_different": "yes", "old_system_ends": "yes"}
    return Filled(f"/plans/{await in_parallel_run(site)}/commands/begin_cutover", asked)


async def _cancel_cutover(site: OnceSite) -> Filled:
    plan = await in_parallel_run(site)
    await site.post(f"/plans/{plan}/commands", _BEGIN_CUTOVER)
    return Filled(f"/plans/{plan}/commands/cancel_cutover")


CUTOVERS: Mapping[str, Case] = {
    "/plans/{plan_id}/commands/begin_cutover": _begin_cutover,
    "/plans/{plan_id}/commands/cancel_cutover": _cancel_cutover,
}
"""Commands of plans in a parallel run."""


def of_invoice(name: str, query: Mapping[str, str], *, is_open: bool = False) -> tuple[str, Case]:
    """Return an adjustment of a new invoice: one that was paid, or that is to be paid still."""

    async def case(site: OnceSite) -> Filled:
        invoice = await open_invoice(site.env, site.api) if is_open else (await bought(site.env, site.api)).invoice
        return Filled(f"/invoices/{invoice['id']}/{name}", query)

    return f"/invoices/{{invoice_id}}/{name}", case


ADJUSTMENTS = dict(
    (
        of_invoice("refund", {"amount": "1.50"}),
        of_invoice("credit", {"amount": "2", "refund_method": "balance"}),
        of_invoice("void", {}, is_open=True),
        of_invoice("reissue", {"refund_method": "balance", "licenses_1": "9"}),
        of_invoice("write-off", {}, is_open=True),
        of_invoice("mark-paid", {"reference": "a transfer"}, is_open=True),
    )
)
"""Every adjustment of an invoice."""


async def _suspended(site: OnceSite, customer: str) -> Mapping[str, str]:
    await site.post(f"/customers/{customer}/suspend")
    return {}


async def _mailed(site: OnceSite, customer: str) -> Mapping[str, str]:
    return {"mail_id": await mail_to(site.env, site.acme, customer)}


async def _offered(site: OnceSite, customer: str) -> Mapping[str, str]:
    made = await site.post(f"/customers/{customer}/offers", {"tier": "cloud_enterprise", "fixed_price": 100_000})
    return {"offer_id": made["offer"]["id"]}


async def _coupon(site: OnceSite, _: str) -> Mapping[str, str]:
    await site.post("/coupons", {"code": "ONCE10", "percent_off": "10", "duration": "forever"})
    return {"coupon": "ONCE10"}


async def _redeemed(site: OnceSite, customer: str) -> Mapping[str, str]:
    await site.post("/coupons", {"code": "TAKEN5", "percent_off": "5", "duration": "forever"})
    given = await site.post(f"/customers/{customer}/redemptions", {"coupon": "TAKEN5"})
    return {"redemption_id": given["id"]}


def for_customer(
    name: str,
    query: Mapping[str, str] | None = None,
    prepared: Callable[[OnceSite, str], Awaitable[Mapping[str, str]]] | None = None,
) -> tuple[str, Case]:
    """Return something that is done for a new customer; *prepared* is what has to be there, and asked for."""

    async def case(site: OnceSite) -> Filled:
        customer = (await created(site.api, f"Once-{name}"))["id"]
        asked = await prepared(site, customer) if prepared else query or {}
        return Filled(f"/customers/{customer}/do/{name}", asked)

    return f"/customers/{{customer_id}}/do/{name}", case


CUSTOMERS = dict(
    (
        for_customer("suspend"),
        for_customer("activate", prepared=_suspended),
        for_customer("card-link"),
        for_customer("portal-link", {"expires_in_days": "7"}),
        for_customer("resend-mail", prepared=_mailed),
        for_customer("offer", {"tier": "cloud_enterprise", "fixed_price": "12000"}),
        for_customer("withdraw-offer", prepared=_offered),
        for_customer("attach-coupon", prepared=_coupon),
        for_customer("detach-coupon", prepared=_redeemed),
        for_customer("prices", {"required_plan_tier": "cloud_standard", "monthly_discounted_price": "6.50"}),
        for_customer("credit", {"amount": "5"}),
        for_customer("close"),
    )
)
"""Everything that is done for a customer."""


async def _key(site: OnceSite) -> str:
    name = uuid4().hex
    await site.env.key(name=name)
    keys = await site.env.engine.repositories.api_keys.list(site.env.org_id)
    return next(one.key_id for one in keys if one.name == name)


async def _endpoint(site: OnceSite) -> str:
    wanted = {"url": "https://hooks.acme.example/events", "event_types": [RARE]}
    return str((await site.post("/webhook-endpoints", wanted))["id"])


async def _clock(site: OnceSite) -> str:
    return str((await site.post("/test-clocks", {"name": "some", "now_at": "2026-01-31T00:00:00Z"}))["id"])


async def _logo(site: OnceSite) -> str:
    sellers, change = site.env.engine.repositories.sellers, ChangeContext(actor="tests", at=datetime.now(UTC))
    await with_seller(site.env)
    await sellers.set_logo(site.env.org_id, Logo(media_type=SVG, content=LOGO), change)
    return ""


def of_operation(
    address: str,
    query: Mapping[str, str] | None = None,
    made: Callable[[OnceSite], Awaitable[str]] | None = None,
) -> tuple[str, Case]:
    """Return what is done about no customer: with something new that is *made* for it, where it is about one."""

    async def case(site: OnceSite) -> Filled:
        return Filled(re.sub(r"{\w+}", await made(site) if made else "", address), query or {})

    return address, case


async def _finding(site: OnceSite) -> Filled:
    run_id, finding_id = await drifted(site.env, await bought(site.env, site.api))
    return Filled(f"/operate/reconciliation/{run_id}/findings/{finding_id}")


OPERATIONS = dict(
    (
        of_operation("/operate/keys/make", {"name": "once", "read": "yes"}),
        of_operation("/operate/keys/{key_id}/rotate", {"overlap_hours": "1"}, _key),
        of_operation("/operate/keys/{key_id}/revoke", {}, _key),
        of_operation(
            "/operate/endpoints/make",
            {"url": "https://hooks.acme.example/", "event_types": "webhook_endpoint.disabled"},
        ),
        of_operation(
            "/operate/endpoints/{endpoint_id}/change", {"description": "once", "status": "enabled"}, _endpoint
        ),
        of_operation("/operate/endpoints/{endpoint_id}/rotate", {"overlap_hours": "1"}, _endpoint),
        of_operation("/operate/endpoints/{endpoint_id}/replay", {"since": "2026-01-01T00:00"}, _endpoint),
        of_operation("/operate/endpoints/{endpoint_id}/delete", {}, _endpoint),
        of_operation("/operate/clocks/make", {"name": "once", "now_at": "2026-01-31T00:00"}),
        of_operation("/operate/clocks/{test_clock_id}/advance", {"to": "2026-03-31T00:00"}, _clock),
        of_operation("/operate/seller/edit", SELLER),
        of_operation("/operate/seller/logo/remove", {}, _logo),
        of_operation("/operate/dunning/edit", {"retry_after_days": "2, 4"}),
        of_operation("/operate/reconciliation/start", {"days": "30"}),
        of_operation("/operate/batches/make/retry", {"tier": "cloud_standard"}),
        of_operation("/operate/dry-runs/make"),
        ("/operate/reconciliation/{reconciliation_run_id}/findings/{finding_id}", _finding),
    )
)
"""What is done that is about no customer, and asked for by an address."""

PAGES: Mapping[str, Case] = {**COMMANDS, **CUTOVERS, **ADJUSTMENTS, **CUSTOMERS, **OPERATIONS}
"""Every form whose page is asked for by its own address, by its route."""


def asked_for(person: ConsolePerson, wanted: Filled) -> SentForm:
    """Return a form whose page is filled in by its address; an edit keeps what it does not change."""

    async def opened() -> httpx.Response:
        kept = filled(form) if _has_fields(form := await person.get(wanted.address)) else {}
        return await person.get(wanted.address, **kept | dict(wanted.query), preview="yes")

    return SentForm(wanted.address, opened, lambda page: reopened(person, page), WHY)


def _has_fields(page: httpx.Response) -> bool:
    """Tell whether a page begins with a form to fill in, and not with a confirmation."""
    return any(form.method == "get" and CONFIRMED_AS in form.fields for form in forms_in(page.text))


async def reopened(person: ConsolePerson, page: httpx.Response) -> httpx.Response:
    """Open a page at the address that the browser's history has of it."""
    return await person.get(page.url.raw_path.decode().removeprefix("/console"))


def of_document(person: ConsolePerson, name: str, text: Callable[[str], str]) -> SentForm:
    """Return the form of a text that was checked; the browser sends what it checked once more."""
    address, checks = f"/operate/documents/{name}", list[dict[str, str]]()

    async def opened() -> httpx.Response:
        form = _check_form(await person.get(address), f"/console{address}/check")
        checks.append(form | {"text": text(form["text"])})
        return await person.post(f"{address}/check", **checks[0])

    return SentForm(address, opened, lambda _: person.post(f"{address}/check", **checks[0]), WHY)


def of_logo(site: OnceSite, person: ConsolePerson) -> SentForm:
    """Return the form of a logo that was looked at."""
    address, checks = "/operate/seller/logo", list[dict[str, str]]()

    async def opened() -> httpx.Response:
        await with_seller(site.env)
        checks.append(_check_form(await person.get(address), f"/console{address}/check"))
        return await person.upload(f"{address}/check", LOGO, **checks[0])

    return SentForm(address, opened, lambda _: person.upload(f"{address}/check", LOGO, **checks[0]), WHY)


async def of_batch(site: OnceSite, person: ConsolePerson, what: str) -> SentForm:
    """Return the form below a batch whose dry run is over."""
    batch = await previewed(site.api, await bought(site.env, site.api))
    path = f"/operate/batches/{batch['id']}"
    return SentForm(f"{path}/{what}", lambda: person.get(path), lambda _: person.get(path), WHY)


async def of_dry_run(site: OnceSite, person: ConsolePerson) -> SentForm:
    """Return the form below a dry run that goes on: no workflow bills it."""
    change, key = ChangeContext(actor="tests", at=datetime.now(UTC)), KeyNamespace.CONSOLE.key(uuid4().hex)
    runs = site.env.engine.repositories.dry_runs
    run = await runs.create(site.env.org_id, DryRunCreate(), RuleChange(), key, timedelta(days=1), change)
    path = f"/operate/dry-runs/{run.dry_run_id}"
    return SentForm(f"{path}/cancel", lambda: person.get(path), lambda _: person.get(path), WHY)


def _check_form(page: httpx.Response, address: str) -> dict[str, str]:
    (form,) = (one for one in forms_in(page.text) if one.action == address)
    return form.fields
