"""Write docs/event-types.md from `events.toml`: `python scripts/events_doc.py`."""

import json
from pathlib import Path

from billflow.models.contracts.event_types import EventDeclaration, event_declarations

PAGE = Path(__file__).parent.parent / "docs" / "event-types.md"

INTRODUCTION = """# Types of events

Written by `python scripts/events_doc.py` from `src/billflow/events.toml`; a test fails when it is out of date.

What an endpoint is sent of each is in the API's document too (under `webhooks`), with its schema;
[events.md](events.md) says how it is sent, signed and repeated. `data` also names the ids of what an event is about,
and of what that belongs to: of an event about an invoice `customer_id`, `plan_id` and `invoice_id`. Amounts are in
minor units, moments in UTC. A field that may be null is marked by `?`.
"""


def page() -> str:
    """Return the whole page."""
    head = ["type", "when", "about", "since", "data, as an example"]
    rows = [head, ["---"] * len(head), *(_row(one) for one in event_declarations().values())]
    return "\n".join([INTRODUCTION, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _row(event: EventDeclaration) -> list[str]:
    data = {name + ("?" if name in event.optional else ""): value for name, value in event.data.items()}
    example = f"`{json.dumps(data, ensure_ascii=False)}`" if data else ""
    return [f"`{event.type}`", event.when, event.about, event.since, example]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
