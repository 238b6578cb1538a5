"""A dry run of dunning without a change foretells what then becomes of each debt, at the same moments."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from billflow.domain.debts import DebtAction, DebtStep, foresee
from billflow.domain.dunning import DunningPolicy, SmallOrganizationRule
from billflow.domain.rule_change import NO_CHANGE
from billflow.dry_run.debt_facts import read_debts
from billflow.dry_run.folder import FactsFolder, results_folder
from billflow.dry_run.run import DryRun
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.models.contracts.mail import Occasion
from billflow.models.contracts.records import Paging
from billflow.payments.sandbox import CONFIRMING_CARD, DECLINING_CARD
from billflow.service.dry_run import DryRunService
from tests.collection.debts import DAY, DUE, Debtor, Debts
from tests.environment import BY_INVOICE
from tests.sizes import further

CLOSED = {"invoice.marked_uncollectible": DebtAction.MARK_UNCOLLECTIBLE, "invoice.voided": DebtAction.VOID}
UNTIL = DUE + 60 * DAY
GIVES_UP = DunningPolicy(retry_after_days=(2, 4), end_plan_after_days=10, mark_uncollectible=True)
LENIENT = DunningPolicy(retry_after_days=(3,), suspend_customer=False, end_plan_after_days=None)
SMALL = DunningPolicy(small_organizations=SmallOrganizationRule(seats=20, invoices=1))

CARDS = [
    pytest.param(DunningPolicy(), DECLINING_CARD, 2, id="declined"),
    *further(
        (DunningPolicy(), CONFIRMING_CARD, 0),
        (GIVES_UP, DECLINING_CARD, 3),
        (GIVES_UP, DECLINING_CARD, 8),
        (LENIENT, DECLINING_CARD, 0),
        (DunningPolicy(), DECLINING_CARD, 20),
    ),
]


async def foretold(debtor: Debtor, folder: Path) -> list[DebtStep]:
    """Return what becomes of the customer's one debt by a dry run without a change."""
    env = debtor.env
    facts, wanted = FactsFolder(folder / "facts"), DryRunFilter(customer_id=debtor.customer.customer_id)
    service = DryRunService(env.engine.repositories, env.engine.queries)
    recording = await service.record(env.org_id, wanted, facts, DUE, lambda *_: None)
    results = results_folder(folder, recording, NO_CHANGE, "")
    await DryRun(facts=facts, recording=recording, results=results, until=UNTIL).run(1, lambda *_: None)
    found = results.summary(recording).debts
    [chunk] = [one for one in recording.chunks if one.debtors]
    recorded = read_debts(facts.chunk(chunk.name))
    [one] = recorded.debtors
    [steps] = foresee(recorded.policy, one.debtor, one.now, UNTIL).values()
    assert (found.debts, found.different, found.causes) == (1, 0, ())
    counts = Counter(step.action for step in steps)
    assert {total.action: total.before for total in found.actions} == counts
    assert {total.action: total.after for total in found.actions} == counts
    return list(steps)


async def lived(debtor: Debtor, since: datetime, invoice_id: str) -> list[tuple[DebtAction, datetime]]:
    """Return what became of a debt after *since*, as attempts, mails and the invoice tell it."""
    [invoice] = [one for one in await debtor.env.invoices(debtor.customer) if one.invoice_id == invoice_id]
    mails = [mail for mail in await debtor.mails() if mail.invoice_id == invoice_id]
    told = {Occasion.SUSPENDED: DebtAction.SUSPEND_CUSTOMER, Occasion.PLAN_ENDED: DebtAction.END_PLAN}
    found = [(DebtAction.RETRY, attempt.at) for attempt in invoice.payment_attempts]
    found += [(told[mail.occasion], mail.at) for mail in mails if mail.occasion in told]
    found += [(DebtAction.REMIND, mail.at) for mail in mails if mail.occasion.is_reminder]
    found += [(DebtAction.AWAIT_CUSTOMER, mail.at) for mail in mails if mail.occasion is Occasion.ACTION_REQUIRED]
    wanted = AuditFilter(subject_type="invoice", subject_id=invoice_id)
    entries = (await debtor.env.engine.queries.audit.list(debtor.env.org_id, wanted, Paging())).rows
    found += [(CLOSED[entry.action], entry.at) for entry in entries if entry.action in CLOSED]
    return sorted(((action, at) for action, at in found if at > since), key=lambda one: (one[1], one[0]))


async def check(debtor: Debtor, since: datetime, folder: Path) -> list[DebtStep]:
    invoice_id = (await debtor.invoice()).invoice_id
    steps = await foretold(debtor, folder)
    await debtor.at(UNTIL)
    expected = sorted(((step.action, step.at) for step in steps), key=lambda one: (one[1], one[0]))
    assert await lived(debtor, since, invoice_id) == expected
    return steps


@pytest.mark.full
@pytest.mark.parametrize(("policy", "card", "day"), CARDS)
async def test_what_is_foretold_of_a_card_debt_is_what_the_clock_then_brings(
    debts: Debts, tmp_path: Path, policy: DunningPolicy, card: str, day: int
) -> None:
    async with debts.policy(policy):
        debtor = await debts.declined(card)
        await debtor.after(day)
        steps = await check(debtor, DUE + day * DAY, tmp_path)

    assert steps


@pytest.mark.full
@pytest.mark.parametrize("day", [0, 13, 25])
async def test_what_is_foretold_of_a_sent_invoice_is_what_the_clock_then_brings(
    debts: Debts, tmp_path: Path, day: int
) -> None:
    debtor = await debts.customer(BY_INVOICE)
    await debtor.pays()
    await debtor.at(DUE)
    await debtor.after(day)
    steps = await check(debtor, DUE + day * DAY, tmp_path)

    assert steps[-1].action is DebtAction.END_PLAN


@pytest.mark.full
async def test_a_small_organization_is_foretold_to_be_written_off(debts: Debts, tmp_path: Path) -> None:
    async with debts.policy(LENIENT):
        debtor = await debts.declined()
        await debtor.env.report(debtor.customer, 3, DUE)
        facts, wanted = FactsFolder(tmp_path / "facts"), DryRunFilter(customer_id=debtor.customer.customer_id)
        service = DryRunService(debtor.env.engine.repositories, debtor.env.engine.queries)
        recording = await service.record(debtor.env.org_id, wanted, facts, DUE, lambda *_: None)
    [recorded] = read_debts(facts.chunk(recording.chunks[-1].name)).debtors
    [steps] = foresee(SMALL, recorded.debtor, recorded.now, UNTIL).values()

    assert [(step.action, (step.at - DUE) // DAY) for step in steps] == [
        (DebtAction.RETRY, 1),
        (DebtAction.END_PLAN, 1),
        (DebtAction.VOID, 1),
    ]
