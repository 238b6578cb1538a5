"""When an event that could not be delivered is tried again, and to which addresses nothing is sent."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6: what is outside is private, reserved, site-local (fec0::/10), or stands for IPv4."""

_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "100.100.100.200/32",
            "fd00:ec2::254/128",
            "fd20:ce::254/128",
            "fe80::/10",
        ),
    )
)
"""Where clouds answer a machine about itself, with its credentials: called by nobody, whatever the settings say."""

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


def may_call(address: str, *, private: bool) -> bool:
    """Tell whether events may be sent to an IP address: to the open internet, and with *private* to networks of ours.

    An address that stands for another, of IPv4 in IPv6, is judged as none; clouds' metadata is never called.
    """
    parsed = ip_address(address.partition("%")[0])
    if parsed.is_multicast or any(parsed in network for network in _NEVER if network.version == parsed.version):
        return False
    if private and (parsed.is_loopback or parsed.is_private):
        return isinstance(parsed, IPv4Address) or not _stands_for_another(parsed)
    if isinstance(parsed, IPv6Address) and (parsed not in _GLOBAL_UNICAST or _stands_for_another(parsed)):
        return False
    return parsed.is_global


def is_ip(host: str) -> bool:
    """Tell whether a host is named by its address."""
    try:
        return isinstance(ip_address(host), IPv4Address | IPv6Address)
    except ValueError:
        return False


def _stands_for_another(address: IPv6Address) -> bool:
    return any((address.ipv4_mapped, address.sixtofour, address.teredo))
