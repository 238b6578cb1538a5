"""What reads an account at Stripe for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import stripe

from billflow.errors import CommandFailed
from billflow.payments.client import stripe_client
from billflow.payments.imports import Progress, StripeReader
from billflow.settings import Settings
from billflow.wiring.store import required


async def read_stripe(settings: Settings, folder: Path, test_clock: str | None, progress: Progress) -> None:
    """Read the account of STRIPE_API_KEY into a folder; what was read before is kept, and the rest read on.

    Raises `SettingsError` without a key, and `CommandFailed` where Stripe does not answer.
    """
    async with _account(settings) as client:
        await StripeReader(client, folder, test_clock).read(progress)


async def read_stripe_invoices(settings: Settings, folder: Path, since: datetime | None, progress: Progress) -> None:
    """Read the account's invoices with all their lines, those made since a moment; raises as `read_stripe` does."""
    async with _account(settings) as client:
        await StripeReader(client, folder).read_invoices(since, progress)


@asynccontextmanager
async def _account(settings: Settings) -> AsyncIterator[stripe.StripeClient]:
    key = required(settings.stripe_api_key, "STRIPE_API_KEY")
    try:
        async with stripe_client(key, settings.stripe_api_base) as client:
            yield client
    except stripe.StripeError as error:
        said = error.user_message or type(error).__name__
        raise CommandFailed(
            f"Stripe can't be read ({said}); type the command again, and it goes on where it was.",
            code="stripe_not_read",
        ) from error
