"""Where Stripe tells us what happened."""

from typing import Annotated

from fastapi import Header, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from billflow.api.routers import api_router
from billflow.api.services import ServicesHere

router = api_router("webhooks", "/webhooks", route_class=APIRoute)


class WebhookReceipt(BaseModel):
    """The event is kept, or was known already, or is nobody's: there is no need to send it again."""

    received: bool = True
    is_new: bool


@router.post("/stripe")
async def receive_from_stripe(
    request: Request,
    services: ServicesHere,
    stripe_signature: Annotated[str | None, Header(include_in_schema=True)] = None,
) -> WebhookReceipt:
    """Check the signature on the raw body, keep the event, and answer; acting on it comes after."""
    event = services.verify_webhook(await request.body(), stripe_signature)
    return WebhookReceipt(is_new=await services.stripe_events.store(event))
