"""The health of endpoints: since when deliveries fail there, and when that disables them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.webhook_policy import FAILING_FOR
from billflow.models.contracts.endpoints import Attempt, EndpointStatus
from billflow.models.tables import WebhookEndpoint
from billflow.store.audit.recorder import Recorder

UNSUBSCRIBED = "It answered 410 Gone."
FAILING = "It has taken nothing for three days."


async def record_health(session: AsyncSession, endpoint_id: UUID, attempt: Attempt) -> None:
    """Record what an attempt says of its endpoint; one that is gone, or failing for `FAILING_FOR`, is disabled.

    That writes an audit entry and the event `webhook_endpoint.disabled`, which goes to other endpoints.
    """
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
    if attempt.delivered:
        query = query.where(WebhookEndpoint.failing_since.is_not(None))
    endpoint = (await session.scalars(query.with_for_update(key_share=True))).one_or_none()
    if endpoint is None:
        return
    if attempt.delivered:
        endpoint.failing_since = None
        return
    endpoint.failing_since = endpoint.failing_since or attempt.at
    if attempt.unsubscribes or attempt.at - endpoint.failing_since >= FAILING_FOR:
        _disable(
            Recorder(session, endpoint.org_id, attempt.at), endpoint, UNSUBSCRIBED if attempt.unsubscribes else FAILING
        )


def _disable(recorder: Recorder, endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.status is not EndpointStatus.ENABLED:
        return
    before = {"status": endpoint.status, "disabled_reason": endpoint.disabled_reason}
    endpoint.status, endpoint.disabled_reason = EndpointStatus.DISABLED, reason
    after = {"status": endpoint.status, "disabled_reason": reason}
    recorder.audit("webhook_endpoint.disabled", ("webhook_endpoint", endpoint.id), before=before, after=after)
    recorder.publish(
        "webhook_endpoint.disabled", {"endpoint_id": str(endpoint.id), "url": endpoint.url, "reason": reason}
    )
