"""The audit log: who did what, when, before and after."""

from typing import Annotated

from fastapi import Body, Query
from pydantic import ConfigDict

from billflow.api.fields import SliceHere
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.audit import (
    AuditEntryList,
    AuditFilter,
    AuditRootList,
    AuditVerdict,
    AuditVerification,
    SigningKeyList,
)
from billflow.models.contracts.records import Paging

router = api_router("audit", "/audit")


class AuditQuery(AuditFilter, Paging):
    """Which entries to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


@router.get("")
async def list_audit(
    services: ServicesHere, principal: AdminHere, which: Annotated[AuditQuery, Query()]
) -> AuditEntryList:
    """List changes, the newest first."""
    return AuditEntryList.of(await services.queries.audit.list(principal.org_id, which, which))


@router.get("/roots")
async def list_audit_roots(
    services: ServicesHere, principal: PrincipalHere, paging: Annotated[Paging, Query()]
) -> AuditRootList:
    """List what was signed of the audit log, the newest first: of each day one root, which stands for its entries."""
    return AuditRootList.of(await services.audit_roots.search(principal.org_id, paging))


@router.get("/signing-keys")
async def list_signing_keys(services: ServicesHere, part: SliceHere) -> SigningKeyList:
    """List the public keys that check roots and proofs, the current one first."""
    return SigningKeyList.of(part.of(services.audit_roots.public_keys(), "key_id"))


@router.post("/verify")
async def verify_audit_log(
    asked: Annotated[AuditVerification, Body()], services: ServicesHere, principal: AdminHere
) -> AuditVerdict:
    """Compute every hash of the audit log again, and hold it against signed roots; nothing is written."""
    return await services.audit_roots.verify(principal.org_id, asked.roots or None)
