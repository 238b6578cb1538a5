"""Where an endpoint really is: nothing is sent into our own network on somebody else's word."""

import asyncio
import socket
from dataclasses import dataclass

import httpx

from billflow.domain.errors import InvalidInput
from billflow.domain.webhook_policy import is_ip, may_call

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class AddressPolicy:
    """Which addresses may be called: hosts of the open internet by HTTPS.

    With `private`, for development, also this machine, private networks and HTTP.
    """

    private: bool = False

    def check_url(self, text: str) -> str:
        """Return a URL that may be an endpoint's; raises `InvalidInput`."""
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise _refused("url is no address; it must look like https://example.com/events.") from None
        schemes = ("https", "http") if self.private else ("https",)
        if url.scheme not in schemes or not url.host or url.userinfo:
            allowed = " or ".join(f"{scheme}://" for scheme in schemes)
            raise _refused(f"url must begin with {allowed} and name a host, without a password.")
        if is_ip(url.host) and not may_call(url.host, private=self.private):
            raise _unreachable()
        if _is_local_name(url.host) and not self.private:
            raise _unreachable()
        return str(url)

    async def request(self, url: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
        """Return the address to call, and the headers and extensions that keep the name; raises `InvalidInput`.

        The name is looked up once, and what was checked is what is called: a name can't change in between. An unknown
        name is refused in the words of a private one: who asks learns nothing of the names in our network.
        """
        named = httpx.URL(self.check_url(url))
        found = await _addresses(named.host, named.port or _PORTS[named.scheme])
        if not found or not all(may_call(address, private=self.private) for address in found):
            raise _unreachable()
        return named.copy_with(host=found[0]), {"Host": named.netloc.decode()}, {"sni_hostname": named.host}


def _is_local_name(host: str) -> bool:
    return f".{host.rstrip('.').lower()}".endswith((".localhost", ".local", ".internal"))


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _unreachable() -> InvalidInput:
    return _refused("url names no host on the open internet; name a public host.")


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_url", field="url")
