"""`billflow parallel-run`: invoices taken in from files and from Stripe, and what people and scripts are shown."""

import asyncio
import csv
import io
import json
from functools import partial
from pathlib import Path

import httpx
import pytest

from billflow.cli.errors import EXIT_REFUSED
from tests.api_environment import API_KEY, ApiEnvironment
from tests.cli.terminal import billflow, environment
from tests.imports.openings import Json
from tests.imports.test_import import a_clock, advance
from tests.imports.test_parallel_run import Typed, an_account, an_invoice, an_old_plan, bill_at_stripe, in_parallel


def write_csv(file: Path, rows: list[Json]) -> None:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(text.getvalue())


def write_json(file: Path, rows: list[Json]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


async def test_invoices_are_taken_in_from_csv_and_json_and_the_report_tells_how_they_compare(
    api: httpx.AsyncClient, terminal: Typed, tmp_path: Path
) -> None:
    clock = await a_clock(api)
    _, plan, external = await an_old_plan(api, clock)
    await advance(api, clock, "2026-03-16T12:00:00Z")
    equal = an_invoice(external, "1", "2026-02-15", "2026-03-15")
    dearer = an_invoice(external, "2", "2026-03-15", "2026-04-15", unit=900)
    nobody = an_invoice("nobody_sub", "3", "2026-03-15", "2026-04-15")
    for kind in ("invoices", "invoice_lines"):
        write_csv(tmp_path / f"{kind}.csv", equal[kind])
    other = tmp_path / "json"
    other.mkdir()
    for kind in ("invoices", "invoice_lines"):
        write_json(other / f"{kind}.jsonl", [*dearer[kind], *nobody[kind]])

    taken = await terminal("parallel-run", "take", str(tmp_path))
    refused = await terminal("parallel-run", "take", str(other), "--json")

    assert (taken.code, taken.out) == (0, "Taken in: 1 imported.\n")
    answer = json.loads(refused.out)
    assert (refused.code, answer["counts"]) == (EXIT_REFUSED, {"imported": 1, "refused": 1})
    assert [one["code"] for one in answer["records"]] == [None, "plan_not_imported"]
    shown = await terminal("parallel-run", "status", "--plan", plan[:8])
    assert shown.out.split()[-6:] == ["parallel", "1", "1", "USD", "-6", "-"]
    [listed] = (await terminal("parallel-run", "differences", "--plan", plan, "--json")).data["differences"]
    assert (listed["plan_id"], listed["causes"]) == (plan, {"price": -600})
    found = (await terminal("parallel-run", "differences", "--plan", plan)).out
    assert "USD 8 × 6 = USD 48" in found
    assert "USD 9 × 6 = USD 54" in found
    rows = list(
        csv.DictReader(io.StringIO((await terminal("parallel-run", "differences", "--plan", plan, "--csv")).out))
    )
    assert [(row["plan_id"], row["difference"], row["causes.price"]) for row in rows] == [(plan, "-600", "-600")]
    await check_report(terminal, plan)


async def check_report(terminal: Typed, plan: str) -> None:
    day = ("--since", "2026-03-15", "--until", "2026-03-16")
    report = (await terminal("parallel-run", "report", "--plan", plan, *day, "--json")).data
    [scored] = [one for one in report["days"] if one["different"]]
    assert (scored["day"], scored["currency"], scored["difference"]) == ("2026-03-15", "USD", -600)
    assert {"cause": "price", "plans": 1, "differences": {"USD": -600}} in report["causes"]
    told = (await terminal("parallel-run", "report")).out
    assert "Why amounts differ" in told


@pytest.mark.full
async def test_what_stripe_issued_is_read_by_page_and_taken_in(
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, tmp_path: Path, api_key: str
) -> None:
    account = an_account(env)
    await in_parallel(api, env, terminal, tmp_path / "read", account)
    await bill_at_stripe(env, account, "2026-02-15")
    shell = environment(
        BILLFLOW_API_URL=env.api_url, BILLFLOW_API_KEY=api_key, STRIPE_API_KEY=API_KEY, STRIPE_API_BASE=env.stripe_url
    )
    folder = tmp_path / "invoices"
    words = ("parallel-run", "take", str(folder), "--read", "--since", "2026-02-01", "--json")

    printed = await asyncio.to_thread(partial(billflow, *words, env=shell))

    mine = set(account.customers.values())
    read = [json.loads(line) for line in (folder / "invoices.jsonl").read_text().splitlines()]
    ids = {one["id"] for one in read if one["customer"] in mine}
    outcomes = {one["external_id"]: one["outcome"] for one in json.loads(printed.out)["records"]}
    assert len(ids) == 2
    assert {outcomes[one] for one in ids} <= {"imported", "known"}
    assert all(one["created"] >= 1769904000 for one in read)
