"""`billflow reconciliation`: runs of the comparison over the API, what they found, and the repair of one finding."""

from typing import Annotated

import typer

from billflow.cli.json_objects import given
from billflow.cli.lookup import PagingHere, begun, id_of, short
from billflow.cli.output import NOTHING, Columns, FactList, Listing, Output, listed, time, words
from billflow.cli.params import Key
from billflow.cli.reconciliation import became
from billflow.cli.session import Api, CommandGroup
from billflow.domain.errors import Refused

app = CommandGroup()

RunHere = Annotated[str, id_of("reconciliation run"), begun("reconciliation run")]
FindingHere = Annotated[str, id_of("finding"), begun("finding")]

_RUNS: Columns = {
    "id": lambda run: short(run.id),
    "started": lambda run: time(run.started_at),
    "finished": lambda run: time(run.finished_at) if run.finished_at else NOTHING,
    "invoices>": lambda run: run.invoices_compared,
    "findings>": lambda run: run.findings,
    "repaired>": lambda run: run.repaired,
    "for a person>": lambda run: run.for_a_person,
}
_FINDINGS: Columns = {
    "id": lambda finding: short(finding.id),
    "severity": lambda finding: finding.severity,
    "what~": lambda finding: words(finding.kind),
    "about": lambda finding: short(finding.subject_id),
    "repairing~": became,
    "details~": lambda finding: finding.message,
}


@app.on_api("reconciliation list --json", name="list")
def list_(api: Api, *, paging: PagingHere) -> Listing:
    """List runs, the newest first."""
    return listed("Runs", api.get("/reconciliation-runs", **paging), _RUNS)


@app.on_api("reconciliation show 0192f3")
def show(api: Api, run: RunHere) -> Output:
    """Show how far a run is, and how much it has found."""
    found = api.get(f"/reconciliation-runs/{run}")
    return Output(found, FactList("Run", {name: str(shown(found)) for name, shown in _RUNS.items()}))


@app.on_api("reconciliation start --days 90")
def start(
    api: Api,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what is safe; else nothing is changed.")] = False,
    days: Annotated[int | None, typer.Option(min=1, help="Invoices of so many days, and unpaid ones.")] = None,
    grace_minutes: Annotated[int, typer.Option(min=0, help="What is younger may be on its way, and is left.")] = 60,
    key: Key = None,
) -> Output:
    """Begin a run, which goes on in the background."""
    asked = {"repair": repair, "grace_minutes": grace_minutes, **given(days=days)}
    made = api.write("POST", "/reconciliation-runs", asked, key)
    return Output(made, f"It goes on; `billflow reconciliation show {made.id}` says how far it is.")


@app.on_api("reconciliation findings 0192f3 --open", "reconciliation findings 0192f3 --csv")
def findings(
    api: Api,
    run: RunHere,
    *,
    open_: Annotated[bool, typer.Option("--open", help="Those that are not repaired.")] = False,
) -> Listing:
    """List what a run has found, the worst first."""
    found = api.all(f"/reconciliation-runs/{run}/findings", open=open_ or None)
    return listed("Findings", found, _FINDINGS)


@app.on_api('reconciliation repair 0192f3 7b21 --reason "the webhook was lost"')
def repair(
    api: Api,
    run: RunHere,
    finding: FindingHere,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit log.")],
    key: Key = None,
) -> Output:
    """Repair a finding of the newest run, and wait for it."""
    path = f"/reconciliation-runs/{run}/findings/{finding}/repair"
    done = api.write("POST", path, {"reason": reason}, key)
    error = Refused(done.problem, code="not_repaired") if done.problem and not done.repaired_at else None
    return Output(done, f"{words(done.kind)}: {became(done)}.", error=error)
