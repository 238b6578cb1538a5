"""A slice whose worker dies is taken up where the last heartbeat was, and what it found counts once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from billflow.activities.reconciliation import ReconciliationActivities
from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationPart, SliceInput
from billflow.wiring.workers import reconciliation_activities
from tests.reconciliation.conftest import EVERYTHING, ReconciliationEnvironment
from tests.reconciliation.test_reconciliation import twice_issued


class Killed(Exception):
    """The worker died here."""


def page_by_page(env: ReconciliationEnvironment) -> ReconciliationActivities:
    """Return activities whose pages hold one row each."""
    activities = reconciliation_activities(env.engine)
    repository = replace(env.engine.repositories.reconciliation, page_size=1)
    comparison = replace(activities.comparison, repository=repository)
    return replace(
        activities,
        repository=repository,
        comparison=comparison,
        repairs=replace(activities.repairs, findings=repository),
    )


@pytest.mark.full
async def test_a_slice_goes_on_after_the_last_heartbeat(env: ReconciliationEnvironment) -> None:
    wrong = [await twice_issued(env) for _ in range(3)]
    activities, repository, now = page_by_page(env), env.engine.repositories.reconciliation, datetime.now(UTC)
    run = ReconciliationInput(org_id=env.org_id, repair=False, scope=EVERYTHING)
    run_id = await repository.begin(run, f"slices of {env.org_id}", now)
    ask = SliceInput(
        org_id=env.org_id,
        run_id=run_id,
        started_at=now,
        repair=False,
        scope=EVERYTHING,
        part=ReconciliationPart.LIST_STRIPE,
    )
    await ActivityEnvironment().run(activities.reconcile_slice, ask)
    ask, beats = ask.model_copy(update={"part": ReconciliationPart.COMPARE_INVOICES}), list[str | None]()

    def die_in_the_second_page(cursor: str | None) -> None:
        beats.append(cursor)
        if len(set(beats)) > 1:
            raise Killed

    first, second = ActivityEnvironment(), ActivityEnvironment()
    first.on_heartbeat = die_in_the_second_page
    with pytest.raises(Killed):
        await first.run(activities.reconcile_slice, ask)
    second.info = replace(ActivityEnvironment.default_info(), heartbeat_details=[beats[-1]])
    done = await second.run(activities.reconcile_slice, ask)

    report = await repository.report(env.org_id, run_id)
    assert done.next is None
    assert report.invoices_compared == len(wrong)
    assert sorted(finding.subject_id for finding in report.findings) == sorted(wrong)
