"""Reading the histories of a workflow, run by run."""

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory


async def runs_of(client: Client, workflow_id: str) -> list[WorkflowHistory]:
    """Return the history of every run of a workflow, the first one first."""
    newest = await client.get_workflow_handle(workflow_id).describe()
    run_id: str | None = newest.raw_description.workflow_execution_info.first_run_id
    runs: list[WorkflowHistory] = []
    while run_id:
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        runs.append(history)
        run_id = next_run(history)
    return runs


def next_run(history: WorkflowHistory) -> str | None:
    """Return the id of the run that took over."""
    last = history.events[-1]
    continued = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return continued or None


def names_of(history: WorkflowHistory) -> list[str]:
    """Return the types of the events, as the Web UI calls them."""
    prefix = "EVENT_TYPE_"
    return [EventType.Name(event.event_type).removeprefix(prefix) for event in history.events]


def size_of(history: WorkflowHistory) -> int:
    """Return how many bytes the events of a run take."""
    events: list[HistoryEvent] = list(history.events)
    return sum(event.ByteSize() for event in events)
