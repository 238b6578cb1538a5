"""The guard between real money and test money: a key works for its own mode only, a live one to Stripe only."""

import ipaddress
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from billflow.models.contracts.invoices import BilledCustomer
from billflow.ports.payments import PaymentsRejected
from billflow.settings import SettingsError

_LIVE = re.compile(r"(sk|rk)(_org)?_live_")
_OF_STRIPE = re.compile(r"(.+\.)?stripe\.com")
_SOURCES = Path(__file__).parents[3]

LIVE_ON_LOOPBACK = "BILLFLOW_TESTS_PLAY_LIVE_MODE"
"""The variable with which our tests send a live key, which is none of Stripe's, to an emulator on this machine."""


def is_live(api_key: str) -> bool:
    """Tell whether the key moves real money."""
    return _LIVE.match(api_key) is not None


def check_base(api_key: str, api_base: str | None) -> None:
    """Raise `SettingsError` unless this key may be sent to this address, None being Stripe's own."""
    if api_base is None:
        return
    address = urlsplit(api_base)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingsError(f"STRIPE_API_BASE is {api_base!r}; give an address such as http://127.0.0.1:12111.")
    of_stripe = address.scheme == "https" and _OF_STRIPE.fullmatch(address.hostname) is not None
    if is_live(api_key) and not of_stripe and not _is_played(address.hostname):
        raise SettingsError(
            f"STRIPE_API_KEY is a live key, but STRIPE_API_BASE sends it to {address.hostname}; "
            "use a test key there, or unset STRIPE_API_BASE."
        )


def _is_played(host: str) -> bool:
    """Tell whether our tests play live mode: from a checkout, never from a package as production installs it."""
    try:
        on_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return on_loopback and os.environ.get(LIVE_ON_LOOPBACK) == "1" and (_SOURCES / "pyproject.toml").is_file()


def check_mode(customer: BilledCustomer, *, livemode: bool) -> None:
    """Raise `PaymentsRejected` (`wrong_mode`) for a customer of an organization in the other mode."""
    check_mode_of(customer.livemode, livemode=livemode)


def check_mode_of(organization: bool | None, *, livemode: bool) -> None:  # noqa: FBT001  (it is a fact of the rows)
    """Raise `PaymentsRejected` (`wrong_mode`) for an organization in the other mode; None is one nobody looked at."""
    if organization is None or organization is livemode:
        return
    ours, theirs = ("live", "test") if livemode else ("test", "live")
    raise PaymentsRejected(
        f"STRIPE_API_KEY is a {ours} key, but the organization is in {theirs} mode; use a {theirs} key.",
        code="wrong_mode",
    )
