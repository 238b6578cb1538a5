"""Signed roots over the API: listed by page, with the keys that check them, and held against the log."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx

from billflow.client import audit
from billflow.client.clients import AsyncClient
from billflow.models.contracts.audit import AuditRoot
from billflow.models.signatures import is_signed
from billflow.store.audit.roots import AuditRoots
from tests.api_environment import ApiEnvironment


async def test_roots_are_listed_by_page_with_the_keys_that_check_them(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    roots = env.engine.audit_roots
    for _ in range(2):
        await signed(env, roots)
    *_, first, second = known = await roots.all(env.org_id)

    page = (await api.get("/api/v1/audit/roots", params={"limit": 1})).json()
    before = (await api.get("/api/v1/audit/roots", params={"limit": 1, "after": page["next"]})).json()
    keys = (await api.get("/api/v1/audit/signing-keys")).json()["signing_keys"]

    assert [AuditRoot.model_validate(one) for one in (*page["roots"], *before["roots"])] == [second, first]
    assert second.first_position == first.last_position + 1
    assert page["total"] == len(known)
    [key] = keys
    assert is_signed(second.statement(), second.signature, key["public_key"])


async def signed(env: ApiEnvironment, roots: AuditRoots) -> list[AuditRoot]:
    """Let something happen, and sign the log up to this moment."""
    await env.customer()
    return await roots.sign_by_request(env.org_id, datetime.now(UTC) + timedelta(minutes=1))


async def test_the_log_is_held_against_roots_that_were_kept(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    kept = (await signed(env, env.engine.audit_roots))[-1]
    forged = kept.model_copy(update={"root": "0" * 64})

    own = (await api.post("/api/v1/audit/verify", json={})).json()
    same = (await api.post("/api/v1/audit/verify", json={"roots": [kept.model_dump(mode="json")]})).json()
    other = (await api.post("/api/v1/audit/verify", json={"roots": [forged.model_dump(mode="json")]})).json()
    nonsense = await api.post("/api/v1/audit/verify", json={"roots": [{"day": "x"}]})

    assert (own["faults"], same["faults"]) == ([], [])
    assert own["entries"] >= kept.last_position
    assert [(one["position"], one["problem"]) for one in other["faults"]] == [
        (kept.last_position, f"the root is not signed by its key, of {kept.day}")
    ]
    assert nonsense.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    async with AsyncClient(env.api_url, await env.key()) as client:
        verdict = await client.do(audit.verify([kept]))
    assert (verdict.faults, verdict.head is not None) == ((), True)
