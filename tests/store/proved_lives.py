"""Plans that were billed in many ways, for proofs of their invoices: with coupons, items, add-ons, taxes, end dates."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

from billflow.domain.commands import AddItem, PlanCommand, RemoveEndDate, SetAddOn, SetEndDate
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.coupons import CouponCreate
from billflow.models.contracts.customers import CustomerRecord, Deployment, DeploymentKind, NewCustomer
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceFilter, Paging
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.models.keyring import Key
from billflow.models.signatures import SigningKeys, public_key_of
from billflow.store.audit.roots import AuditRoots
from billflow.store.invoices.proofs import InvoiceProofs
from tests.store.conftest import BEGIN, MONTHLY, Company, by

KEY = Key.fresh("first")
KEYS = SigningKeys((KEY,))
TRUSTED = [public_key_of(KEY)]
DAY = timedelta(days=1)
HOME = {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"}
RATES = [
    {"country": "DE", "name": "VAT", "percent": "19"},
    {"country": "CH", "name": "MWST", "percent": "8.1", "inclusive": True},
]

Life = Callable[[Company, Random], Awaitable[PlanState]]


async def proofs_of(company: Company, plan: PlanState) -> list[dict[str, Any]]:
    """Sign the audit log up to now; return the proofs of all invoices of a plan's customer, the oldest first."""
    await AuditRoots(company.database, KEYS).sign(company.org_id, datetime.now(UTC) + DAY)
    of_customer = InvoiceFilter(customer_id=plan.customer_id)
    found = await company.queries.invoices.search(company.org_id, of_customer, Paging(limit=100))
    prover = InvoiceProofs(company.database, KEYS)
    proofs = [await prover.prove(company.org_id, one.invoice_id) for one in reversed(found.rows)]
    return [proof.model_dump(mode="json") for proof in proofs]


async def new_customer(company: Company, seats: int, **given: Any) -> CustomerRecord:
    """Create a customer whose deployment has *seats* when its plan begins."""
    email = f"{uuid4().hex[:8]}@example.com"
    new = NewCustomer.model_validate({"name": "Muster GmbH", "email": email, **given})
    customer = await company.repositories.customers.create(company.org_id, new, by())
    await company.seats(customer, BEGIN - DAY, seats)
    return customer


async def _lived(
    company: Company,
    random: Random,
    asked: StartPlan,
    commands: Mapping[int, PlanCommand] | None = None,
    **given: Any,
) -> PlanState:
    """Live a plan for four billing dates with seats that come and go, and *commands* by their days."""
    customer = await new_customer(company, random.randint(3, 30), **given)
    plan = await company.bought(customer, asked)
    days = sorted(random.sample(range(1, 100), 6))
    for day in days:
        moment = BEGIN + day * DAY + timedelta(seconds=random.randint(0, 80_000))
        await company.seats(customer, moment, random.randint(3, 40))
    waiting = dict(commands or {})
    for _ in range(4):
        if plan.due_at is None:
            break
        for day in sorted(day for day in waiting if BEGIN + day * DAY < plan.due_at):
            plan = (await company.command(plan, waiting.pop(day), BEGIN + day * DAY)).state
        if plan.due_at is not None:
            plan = (await company.close(plan)).state
    return plan


async def monthly(company: Company, random: Random) -> PlanState:
    """Bill by the month."""
    return await _lived(company, random, MONTHLY)


async def yearly(company: Company, random: Random) -> PlanState:
    """Bill by the year, and additions by the month."""
    return await _lived(company, random, replace(MONTHLY, schedule=Schedule.ANNUAL))


async def with_a_percentage_off(company: Company, random: Random) -> PlanState:
    """Bill with a coupon over a percentage."""
    off = {"percent_off": Decimal(random.randint(1, 9_999)) / 100}
    return await _with_coupon(company, random, off)


async def with_an_amount_off(company: Company, random: Random) -> PlanState:
    """Bill with a coupon over an amount."""
    return await _with_coupon(company, random, {"amount_off": {"USD": random.randint(100, 40_000)}})


async def _with_coupon(company: Company, random: Random, off: Mapping[str, Any]) -> PlanState:
    code = f"C{uuid4().hex[:10].upper()}"
    terms = {"code": code, "duration": "repeating", "duration_in_months": 2, **off}
    await company.repositories.coupons.create(company.org_id, CouponCreate.model_validate(terms), by())
    return await _lived(company, random, replace(MONTHLY, coupon=code))


async def with_items_and_add_ons(company: Company, random: Random) -> PlanState:
    """Bill things beside the licenses."""
    commands: dict[int, PlanCommand] = {
        3: AddItem(description="Set-up", unit_amount=random.randint(1, 90_000), quantity=2),
        5: SetAddOn(add_on="storage", quantity=random.randint(1, 5)),
        20: SetAddOn(add_on="storage", quantity=random.randint(6, 9)),
        36: AddItem(description="Training", unit_amount=random.randint(1, 90_000), own_invoice=True),
    }
    return await _lived(company, random, MONTHLY, commands)


async def with_a_flat_discount(company: Company, random: Random) -> PlanState:
    """Bill a self-hosted customer, who gets an amount off for its first months."""
    server = Deployment(kind=DeploymentKind.REMOTE_SERVER, name="chat.example.com", uuid=uuid4())
    return await _lived(company, random, replace(MONTHLY, tier="self_hosted_basic"), deployment=server)


async def with_end_dates(company: Company, random: Random) -> PlanState:
    """Bill a year's plan that is to end early, and then isn't."""
    moved = BEGIN + (150 + random.randint(0, 100)) * DAY
    commands: dict[int, PlanCommand] = {40: SetEndDate(end_date=moved), 70: RemoveEndDate()}
    return await _lived(company, random, replace(MONTHLY, schedule=Schedule.ANNUAL), commands)


async def at_a_fixed_price(company: Company, random: Random) -> PlanState:
    """Bill a fixed price in instalments."""
    return await _lived(company, random, replace(MONTHLY, fixed_price=random.randint(10_000, 900_000), licenses=50))


async def taxed(company: Company, **how: Any) -> None:
    """Let the organization sell from Berlin, and tax what it bills from now on."""
    seller = SellerDocument.model_validate({"legal_name": "Muster GmbH", "address": HOME})
    await company.repositories.sellers.apply(company.org_id, seller, by())
    await company.repositories.taxes.apply(company.org_id, TaxDocument.model_validate(how), by())


async def with_tax(company: Company, random: Random) -> PlanState:
    """Bill with tax on top of the prices, or in them."""
    await taxed(company, mode="own_rates", rates=RATES)
    country, currency = random.choice([("DE", "EUR"), ("CH", "CHF")])
    home = {**HOME, "country": country}
    return await _lived(company, random, MONTHLY, billing_address=home, default_currency=currency)


LIVES: dict[str, Life] = {
    life.__name__: life
    for life in (
        monthly,
        yearly,
        with_a_percentage_off,
        with_an_amount_off,
        with_items_and_add_ons,
        with_a_flat_discount,
        with_end_dates,
        at_a_fixed_price,
        with_tax,
    )
}
