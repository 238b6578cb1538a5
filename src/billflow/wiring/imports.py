"""What reads an account at Stripe for a command."""

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
    key = required(settings.stripe_api_key, "STRIPE_API_KEY")
    try:
        async with stripe_client(key, settings.stripe_api_base) as client:
            await StripeReader(client, folder, test_clock).read(progress)
    except stripe.StripeError as error:
        said = error.user_message or type(error).__name__
        raise CommandFailed(
            f"Stripe can't be read ({said}); type the command again, and it goes on where it was.",
            code="stripe_not_read",
        ) from error
