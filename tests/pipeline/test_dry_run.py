"""A dry run without a change foretells what is then lived through, to the cent."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import PlanCommand, SetEndDate, SwitchToAnnual
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.rule_change import NO_CHANGE
from billflow.dry_run.bills import ForeseenInvoice, bill
from billflow.dry_run.facts_file import read_facts
from billflow.dry_run.folder import FactsFolder, results_folder
from billflow.dry_run.run import DryRun
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.models.contracts.records import InvoiceDetail
from billflow.service.dry_run import DryRunService
from tests.pipeline.environment import BEGIN, DAY, MONTHLY, PlanEnvironment

pytestmark = pytest.mark.full

CASES = [
    pytest.param(MONTHLY, None, 4, id="monthly"),
    pytest.param(replace(MONTHLY, schedule=Schedule.ANNUAL), None, 13, id="annual"),
    pytest.param(replace(MONTHLY, trial_days=30), None, 3, id="trial"),
    pytest.param(MONTHLY, SwitchToAnnual(), 4, id="switch"),
    pytest.param(MONTHLY, SetEndDate(end_date=BEGIN + 100 * DAY), 5, id="end"),
]


async def foretold(
    plan_env: PlanEnvironment, folder: Path, until: datetime
) -> tuple[list[ForeseenInvoice], dict[str, int]]:
    """Return the customer's invoices to come by a dry run without a change, and what it says of each month."""
    engine = plan_env.env.engine
    facts, wanted = FactsFolder(folder / "facts"), DryRunFilter(customer_id=plan_env.customer_id)
    service = DryRunService(engine.repositories, engine.queries)
    recording = await service.record(plan_env.org_id, wanted, facts, BEGIN, lambda *_: None)
    results = results_folder(folder, recording, NO_CHANGE, "")
    await DryRun(facts=facts, recording=recording, results=results, until=until).run(1, lambda *_: None)
    found = results.summary(recording)
    assert (found.plans, found.different, found.on_hold) == (1, 0, ())
    [plan] = read_facts(facts.chunk(recording.chunks[0].name))
    return list(bill(plan.facts, until, plan.now).invoices), {one.month: one.before for one in found.totals}


@pytest.mark.parametrize(("asked", "command", "count"), CASES)
async def test_what_a_dry_run_bills_is_what_the_clock_then_brings(
    plan_env: PlanEnvironment, tmp_path: Path, asked: StartPlan, command: PlanCommand | None, count: int
) -> None:
    plan = await plan_env.plan(asked)
    bought = len(await plan_env.invoices())
    await plan_env.advance(BEGIN + 10 * DAY)
    await plan_env.seats(17)
    if command:
        await plan_env.command(plan, command)

    until = add_months(BEGIN, count)
    invoices, by_month = await foretold(plan_env, tmp_path, until)
    await plan_env.advance(until + timedelta(minutes=1))

    lived = (await plan_env.invoices())[bought:]
    assert invoices
    assert list(map(foreseen, invoices)) == list(map(issued, lived))
    assert by_month == months(lived)


def foreseen(invoice: ForeseenInvoice) -> object:
    lines = [(one.kind, one.amount, one.derivation.quantity, one.derivation.period.start) for one in invoice.lines]
    return invoice.at, invoice.total, lines


def issued(invoice: InvoiceDetail) -> object:
    lines = [(one.kind.value, one.amount, one.quantity, one.period_start) for one in invoice.lines]
    return invoice.issued_at, invoice.total, lines


def months(lived: list[InvoiceDetail]) -> dict[str, int]:
    found: dict[str, int] = {}
    for invoice in lived:
        month = f"{invoice.issued_at:%Y-%m}"
        found[month] = found.get(month, 0) + invoice.total
    return found
