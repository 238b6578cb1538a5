"""A product that answers billflow how many people use each deployment: `uvicorn app:app` in this folder.

`BILLFLOW_SEATS_SECRET` is the secret that `billflow seats source set http --target …` printed.
"""

import os
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request
from standardwebhooks import Webhook

TOLERANCE_SECONDS = 300

WORKSPACES: dict[str, dict[str, str]] = {}
"""Who uses what: kinds of people by their ids, by deployment. A real product asks its database."""

app = FastAPI()


@app.get("/billflow/seats")
async def seats(request: Request, deployment: Annotated[list[str], Query()]) -> dict[str, Any]:
    """Count the deployments that are asked for; one that is unknown here is left out."""
    check_signature(request)
    return {"deployments": [counted(one) for one in deployment if one in WORKSPACES]}


@app.put("/workspaces/{deployment_id}")
async def set_people(deployment_id: str, people: dict[str, Literal["member", "guest"]]) -> dict[str, Any]:
    """Say who uses a workspace, in place of the pages on which a real product invites people."""
    WORKSPACES[deployment_id] = dict(people)
    return counted(deployment_id)


def counted(deployment_id: str) -> dict[str, Any]:
    """Return the counts of a deployment, and who they are; `people` may be left out."""
    people = WORKSPACES[deployment_id]
    kinds = list(people.values())
    return {
        "deployment_id": deployment_id,
        "members": kinds.count("member"),
        "guests": kinds.count("guest"),
        "people": [{"id": person, "kind": kind} for person, kind in people.items()],
    }


def check_signature(request: Request) -> None:
    """Refuse whoever is not billflow: the signature is over id, moment, and path with query in place of a body."""
    headers, query = request.headers, request.url.query
    try:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        target = f"{request.url.path}?{query}"
        expected = Webhook(os.environ["BILLFLOW_SEATS_SECRET"]).sign(headers["webhook-id"], at, target)
    except (KeyError, ValueError):
        raise HTTPException(401) from None
    is_recent = abs((datetime.now(UTC) - at).total_seconds()) <= TOLERANCE_SECONDS
    if not is_recent or headers.get("webhook-signature") != expected:
        raise HTTPException(401)


def who_is(deployment_id: str, member_hash: str) -> str | None:
    """Return the id behind a hash of `billflow seats members`, so that 14 seats can be told by their names."""
    hashes = {sha256(f"{deployment_id}\n{person}".encode()).hexdigest(): person for person in WORKSPACES[deployment_id]}
    return hashes.get(member_hash)
