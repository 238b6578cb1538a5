"""The benchmark of midnight ends: two workers of the bare side bill the same invoices, and a standstill is named."""

import pytest

from bench.midnight_ids import Ids, made
from bench.midnight_progress import Progress
from bench.midnight_workflow import BarePlan


def test_workers_with_other_models_send_the_invoice_that_one_of_them_wrote() -> None:
    due, models = plan("due"), {made(name, "invoice"): plan(name) for name in ("first", "second")}

    sent = {Ids(model, invoice_id, due).put(f"invoice {invoice_id}") for invoice_id, model in models.items()}

    assert len(sent) == 1
    assert not sent & {f"invoice {invoice_id}" for invoice_id in models}


async def test_what_makes_no_progress_ends_with_what_is_open() -> None:
    progress = Progress(what_is_open, silence=-1)
    for paid in range(3):
        await progress.note(paid)

    with pytest.raises(SystemExit, match="3 invoices are drafts"):
        await progress.note(2)


def plan(name: str) -> BarePlan:
    return BarePlan(made(name, "org"), made(name, "plan"), "cus_1", due_at=0)


async def what_is_open() -> str:
    return "3 invoices are drafts"
