"""A mail server that takes letters, or answers that it won't."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from billflow.dev.ports import LOOPBACK

ACCEPTED = "250 taken"


@dataclass
class MailServer:
    """What it answers to a letter, those it took, how many it refused, and the verbs it was told before TLS."""

    answer: str = ACCEPTED
    url: str = ""
    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    verbs: list[str] = field(default_factory=list)
    certificate: ssl.SSLContext | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak just enough SMTP."""
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode():
            verb = line.split()[0].upper()
            self.verbs.append(verb)
            if verb == "EHLO" and self.certificate:
                writer.write(b"250-ready\r\n250 STARTTLS\r\n")
            elif verb == "STARTTLS" and self.certificate:
                writer.write(b"220 go on\r\n")
                await writer.start_tls(self.certificate)
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                self._judge((await reader.readuntil(b"\r\n.\r\n")).decode()[:-5])
                writer.write(f"{self.answer}\r\n".encode())
            else:
                writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()

    def _judge(self, mail: str) -> None:
        if self.answer == ACCEPTED:
            self.accepted.append(mail)
        else:
            self.refused += 1


@asynccontextmanager
async def mail_server(
    answer: str = ACCEPTED, *, certificate: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server on a free port; with a certificate it offers STARTTLS."""
    served = MailServer(answer, certificate=certificate)
    server = await asyncio.start_server(served.serve, LOOPBACK, 0)
    async with server:
        served.url = f"smtp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}?tls=optional"
        yield served
