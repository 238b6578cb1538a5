"""Where an endpoint really is: nothing is sent into our own network on somebody else's word."""

import asyncio
import socket
from dataclasses import dataclass

import httpx

from billflow.domain.errors import InvalidInput
from billflow.domain.webhook_policy import is_ip, is_public


@dataclass(frozen=True)
class AddressPolicy:
    """Which addresses may be called; with `test_mode` all of them, and without encryption too."""

    test_mode: bool

    def check_url(self, text: str) -> str:
        """Return a URL that may be an endpoint's; raises `InvalidInput`."""
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise _refused("url is no address; it must look like https://example.com/events.") from None
        schemes = {"https", "http"} if self.test_mode else {"https"}
        if url.scheme not in schemes or not url.host or url.userinfo:
            allowed = " or ".join(f"{scheme}://" for scheme in sorted(schemes, reverse=True))
            raise _refused(f"url must begin with {allowed} and name a host, without a password.")
        if not self.test_mode and (url.host == "localhost" or (is_ip(url.host) and not is_public(url.host))):
            raise _refused(f"url names {url.host}, which is not on the open internet; name a public host.")
        return str(url)

    async def request(self, url: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
        """Return the address to call, and the headers and extensions that keep the name; raises `InvalidInput`.

        The name is looked up once, and what was checked is what is called: a name can't change in between.
        """
        named = httpx.URL(self.check_url(url))
        if self.test_mode:
            return named, {}, {}
        found = await _addresses(named.host, named.port or 443)
        if not found or not all(map(is_public, found)):
            raise _refused(
                f"url names {named.host}, which has an address that is not on the open internet; name a public host."
            )
        return named.copy_with(host=found[0]), {"Host": named.netloc.decode()}, {"sni_hostname": named.host}


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise _refused(f"url names {host}, which is not known; correct it.") from None
    return [str(entry[4][0]) for entry in found]


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_url", field="url")
