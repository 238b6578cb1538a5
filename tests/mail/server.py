"""A mail server that takes letters, or answers that it won't."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from billflow.dev.ports import LOOPBACK

ACCEPTED = "250 taken"


@dataclass
class MailServer:
    """What it answers to a letter, those it took, and how many it refused."""

    answer: str = ACCEPTED
    url: str = ""
    accepted: list[str] = field(default_factory=list)
    refused: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak just enough SMTP."""
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode():
            verb = line.split()[0].upper()
            if verb == "DATA":
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
async def mail_server(answer: str = ACCEPTED) -> AsyncIterator[MailServer]:
    """Run a mail server on a free port."""
    served = MailServer(answer)
    server = await asyncio.start_server(served.serve, LOOPBACK, 0)
    async with server:
        served.url = f"smtp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        yield served
