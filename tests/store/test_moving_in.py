"""Random customers move in, whatever is killed on the way, and are billed from where the other system ended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from billflow.domain.calendar import add_months
from billflow.models.contracts.imports import CustomerImport, ImportCreate, ImportOutcome
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceFilter, Paging
from billflow.ports.database import NoDatabase
from billflow.store.session.database import Database
from tests.sizes import sized
from tests.store.conftest import Company, by, company_of, new_company
from tests.store.test_interruption import Killer

Bundle = dict[str, Any]

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
LAST = NOW + timedelta(days=400)
MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "annual": 12}
CYCLES = ("renewal", "fixed_price_renewal", "initial_upgrade")
OF_ORGANIZATION = '"subject_type": "org"'
"""An entry of the audit log about the organization itself, which its name is in."""

TABLES = (
    "customer",
    "billing_account",
    "customer_plan",
    "license_ledger",
    "ledger_allocation",
    "seat_observation",
    "credit",
    "opening_invoice",
    "imported_object",
    "audit_log",
    "outbox_event",
    "step",
)


@st.composite
def bundles(draw: st.DrawFn) -> list[Bundle]:
    """Draw what another system has: up to four customers with all that is theirs."""
    count = draw(st.integers(1, 4))
    return [draw(customers(f"old-{n}-{uuid4().hex[:6]}")) for n in range(count)]


@st.composite
def customers(draw: st.DrawFn, name: str) -> Bundle:
    """Draw a customer with perhaps a plan, its ledger, seats and invoices."""
    customer: Bundle = {"external_id": name, "name": "Acme", "email": f"{name}@acme.example"}
    customer |= {"credit_balance": draw(st.integers(0, 5_000))}
    bundle: Bundle = {"customer": customer}
    if draw(st.integers(0, 9)):
        plan, period = draw(plans(name))
        bundle |= {"plans": [plan], "ledger": draw(ledgers(plan, period)) if not plan["in_trial"] else []}
    at = st.integers(0, 60 * 24 * 300).map(lambda minutes: (NOW - timedelta(minutes=minutes)).isoformat())
    if bundle.get("plans", [{"license_management": "automatic"}])[0]["license_management"] == "automatic":
        seen = draw(
            st.lists(st.tuples(at, st.integers(0, 40), st.integers(0, 40)), max_size=3, unique_by=lambda o: o[0])
        )
        bundle["seats"] = [
            {"customer": name, "observed_at": moment, "members": members, "guests": guests}
            for moment, members, guests in seen
        ]
    bundle["invoices"] = [draw(invoices(name, n)) for n in range(draw(st.integers(0, 3)))]
    return bundle


@st.composite
def plans(draw: st.DrawFn, customer: str) -> tuple[Bundle, tuple[datetime, datetime]]:
    """Draw a live plan whose period runs."""
    schedule = draw(st.sampled_from(sorted(MONTHS)))
    fixed = schedule in ("monthly", "annual") and draw(st.integers(0, 4)) == 0
    in_trial = not fixed and draw(st.integers(0, 4)) == 0
    ends = None if fixed else draw(st.sampled_from([None, None, "with_period", "date"]))
    changes = not fixed and not in_trial and ends is None and draw(st.booleans())
    period, anchor = draw(periods(schedule, in_trial=in_trial))
    start, end = period
    plan: Bundle = {
        "external_id": f"{customer}-plan",
        "customer": customer,
        "tier": "cloud_standard",
        "schedule": schedule,
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "anchor": None if in_trial else anchor.isoformat(),
        "licenses": draw(st.integers(1, 40)),
        "license_management": draw(st.sampled_from(["automatic", "manual"])),
        "collection_method": "charge_automatically" if in_trial else draw(st.sampled_from(_METHODS)),
        "in_trial": in_trial,
        "ends_with_period": ends == "with_period",
        "end_date": _later(draw).isoformat() if ends == "date" else None,
        "next_schedule": ("monthly" if schedule == "annual" else "annual") if changes else None,
    }
    plan |= {"fixed_price" if fixed else "price_per_license": draw(st.integers(100, 90_000))}
    return plan, period


_METHODS = ["charge_automatically", "send_invoice"]


def _later(draw: st.DrawFn) -> datetime:
    return NOW + timedelta(minutes=draw(st.integers(1, 60 * 24 * 500)))


@st.composite
def periods(draw: st.DrawFn, schedule: str, *, in_trial: bool) -> tuple[tuple[datetime, datetime], datetime]:
    """Draw the running period, and what it is counted from."""
    if in_trial:
        start = NOW - timedelta(minutes=draw(st.integers(0, 60 * 24 * 20)))
        return (start, NOW + timedelta(minutes=draw(st.integers(1, 60 * 24 * 40)))), start
    anchor = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 60 * 24 * 800)))
    n, months = 0, MONTHS[schedule]
    while add_months(anchor, (n + 1) * months) <= NOW:
        n += 1
    return (add_months(anchor, n * months), add_months(anchor, (n + 1) * months)), anchor


@st.composite
def ledgers(draw: st.DrawFn, plan: Bundle, period: tuple[datetime, datetime]) -> list[Bundle]:
    """Draw how licenses came about in the running period; nothing where it began with the plan's."""
    if draw(st.booleans()):
        return []
    start, held = period[0], draw(st.integers(1, 20))
    whole = int((NOW - start).total_seconds())
    moments = sorted(draw(st.lists(st.integers(0, whole), max_size=3)))
    entries = [{"plan": plan["external_id"], "event_time": start.isoformat(), "is_renewal": True}]
    entries += [
        {"plan": plan["external_id"], "event_time": (start + timedelta(seconds=one)).isoformat()} for one in moments
    ]
    for entry in entries:
        held += draw(st.integers(0, 9))
        entry |= {"licenses": held, "licenses_at_next_renewal": draw(st.integers(1, held))}
    return entries


@st.composite
def invoices(draw: st.DrawFn, customer: str, n: int) -> Bundle:
    """Draw an invoice of the other system."""
    status, total = draw(st.sampled_from(["open", "paid", "void", "uncollectible"])), draw(st.integers(0, 9_000))
    issued = NOW - timedelta(minutes=draw(st.integers(1, 60 * 24 * 300)))
    later = (issued + timedelta(minutes=draw(st.integers(0, 60 * 24 * 30)))).isoformat()
    row: Bundle = {"external_id": f"{customer}-{n}", "customer": customer, "status": status, "currency": "USD"}
    row |= {"total": total, "issued_at": issued.isoformat(), "number": f"{customer}/{n}"}
    row |= {"amount_paid": total if status == "paid" else draw(st.integers(0, total))}
    if status == "paid":
        row["paid_at"] = later
    elif status != "open":
        row["closed_at"] = later
    return row


def rows_of(url: str, org_id: str) -> dict[str, list[str]]:
    """Return the rows of an organization by table, without what chance and the clock put into them."""
    plain = sql.SQL(
        "SELECT regexp_replace(jsonb_strip_nulls(to_jsonb(t) - ARRAY['created_at', 'updated_at', 'sequence'])::text,"
        " '[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}(:[A-Za-z0-9+/=]+)?|org-[0-9a-f]{{8}}', '#', 'g')"
        " FROM {} AS t WHERE org_id = %s"
    )
    with psycopg.connect(url) as connection:
        found = {
            table: connection.execute(plain.format(sql.Identifier(table)), [org_id]).fetchall() for table in TABLES
        }
    return {
        table: sorted(str(row[0]) for row in rows if OF_ORGANIZATION not in row[0]) for table, rows in found.items()
    }


async def take(company: Company, bundle: list[Bundle]) -> list[PlanState]:
    """Import customers whole; return the plans."""
    wanted = tuple(CustomerImport.model_validate(one) for one in bundle)
    results = await company.repositories.imports.take(company.org_id, ImportCreate(customers=wanted), by(at=NOW))
    refused = [row for one in results for row in one.rows if row.outcome is ImportOutcome.REFUSED]
    assert not refused, refused
    return [plan for one in results for plan in one.plans]


async def killed(company: Company, url: str, bundle: list[Bundle], statement: int) -> None:
    """Import customers over a connection that dies before a statement, if there are as many."""
    database, killer = Database(url, pool_size=1), Killer(url, statement)
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda connection, *_: killer.count(connection), named=False)
    event.listen(engine, "commit", killer.count)
    try:
        await take(company_of(database, company.org_id), bundle)
    except (DBAPIError, NoDatabase):
        pass
    finally:
        await database.close()


def whole(url: str, company: Company, bundle: list[Bundle]) -> bool:
    """Tell whether each customer that is there has all of its own."""
    rows = rows_of(url, company.org_id)
    there = [one for one in bundle if any(one["customer"]["email"] in row for row in rows["customer"])]
    counted = {"customer_plan": "plans", "opening_invoice": "invoices", "seat_observation": "seats"}
    return all(len(rows[table]) == sum(len(one.get(name, ())) for one in there) for table, name in counted.items())


def expected(bundle: Bundle) -> list[tuple[datetime, datetime]]:
    """Return the cycles that are to be billed until `LAST`, by the calendar alone."""
    [plan] = bundle["plans"]
    end, months = datetime.fromisoformat(plan["period_end"]), MONTHS[plan["schedule"]]
    anchor = end if plan["in_trial"] else datetime.fromisoformat(plan["anchor"])
    stops = datetime.fromisoformat(plan["end_date"]).replace(microsecond=0) if plan["end_date"] else None
    if plan["ends_with_period"]:
        return []
    if plan.get("fixed_price"):
        stops = next(one for one in _grid(anchor, 12) if one > NOW)
    if plan["next_schedule"]:
        anchor, months = end, MONTHS[plan["next_schedule"]]
    cycles: list[tuple[datetime, datetime]] = []
    for begun, over in _pairs(anchor, months):
        if begun > LAST or (stops is not None and begun >= stops):
            return cycles
        if begun >= end:
            cycles.append((begun, over))
    return cycles


def _grid(anchor: datetime, months: int) -> Iterator[datetime]:
    for n in range(1, 2_000):
        yield add_months(anchor, n * months)


def _pairs(anchor: datetime, months: int) -> Iterator[tuple[datetime, datetime]]:
    for n in range(2_000):
        yield add_months(anchor, n * months), add_months(anchor, (n + 1) * months)


async def lived(company: Company, plan: PlanState) -> None:
    """Live a plan, and what follows it, until `LAST`."""
    while plan.due_at is not None and plan.due_at <= LAST:
        closed = await company.close(plan)
        assert closed.state.attention is None, closed.state.attention
        plan = closed.successor or closed.state


@settings(
    max_examples=sized(2, 40, 400), deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(bundle=bundles(), statement=st.integers(1, 120))
async def test_customers_are_taken_once_and_billed_from_where_the_other_system_ended(
    database: Database, store_url: str, bundle: list[Bundle], statement: int
) -> None:
    once, again = await new_company(database), await new_company(database)
    taken = await take(once, bundle)
    await killed(again, store_url, bundle, statement)
    assert whole(store_url, again, bundle)

    for _ in range(2):
        await take(again, bundle)

    found, wanted = (rows_of(store_url, one.org_id) for one in (again, once))
    assert {table: rows for table, rows in found.items() if rows != wanted[table]} == {}
    for plan, one in zip(taken, (one for one in bundle if one.get("plans")), strict=True):
        await lived(once, plan)
        await _check_billed(once, plan, one)


async def _check_billed(company: Company, plan: PlanState, bundle: Bundle) -> None:
    """Demand that each cycle from the end of the old system's on is billed once, and nothing of before."""
    of_customer = InvoiceFilter(customer_id=plan.customer_id)
    found = await company.queries.invoices.search(company.org_id, of_customer, Paging(limit=100))
    shown = [await company.queries.invoices.get(company.org_id, one.invoice_id) for one in found.rows]
    lines = [line for one in shown for line in one.lines]
    cycles = sorted((line.period_start, line.period_end) for line in lines if line.kind in CYCLES)
    assert cycles == expected(bundle)
    added = [line.period_start for line in lines if line.kind == "additional_licenses"]
    assert all(start >= NOW for start in added)
    assert {line.kind.value for line in lines} <= {*CYCLES, "additional_licenses", "end_date_change"}
