"""When an event that could not be delivered is tried again, and to which addresses nothing is sent."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
"""Networks whose addresses stand for one of IPv4, which may be a private one."""

BACKOFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=20),
)
"""The pauses after each failure; together they are a little less than three days."""

FAILING_FOR = sum(BACKOFF, timedelta())
"""An endpoint that takes nothing for so long gets nothing more until someone enables it again."""


def pause_after(failures: int) -> timedelta | None:
    """Return how long to wait after that many failures, None where the event is given up."""
    return BACKOFF[failures - 1] if failures <= len(BACKOFF) else None


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet: no loopback, private, link-local or reserved one."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and _stands_for_another(parsed):
        return False
    return parsed.is_global and not parsed.is_multicast


def is_ip(host: str) -> bool:
    """Tell whether a host is named by its address."""
    try:
        return isinstance(ip_address(host), IPv4Address | IPv6Address)
    except ValueError:
        return False


def _stands_for_another(address: IPv6Address) -> bool:
    embedded = address.ipv4_mapped or address.sixtofour or address.teredo
    return embedded is not None or any(address in network for network in _TRANSLATED)
