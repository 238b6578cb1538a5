"""Letters reach a real mail server, and nothing personal reaches a log or an error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_string, policy

import pytest

from billflow.dev.ports import LOOPBACK, free_port
from billflow.mailing.smtp import SmtpMailer
from billflow.models.contracts.mail import Letter
from billflow.ports.collection import MailNotSent
from billflow.settings import SettingsError

LETTER = Letter(language="de", recipient="kundin@beispiel.example", subject="Fällig", body="Guten Tag Müller\n")


@asynccontextmanager
async def mail_server(answer: str = "250 taken") -> AsyncIterator[tuple[str, list[str]]]:
    """Speak just enough SMTP; yield the address and the letters taken."""
    taken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode():
            verb = line.split()[0].upper()
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                taken.append((await reader.readuntil(b"\r\n.\r\n")).decode()[:-5])
                writer.write(f"{answer}\r\n".encode())
            else:
                writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    async with server:
        yield f"smtp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", taken


async def test_a_letter_arrives_whole_and_twice_under_one_message_id() -> None:
    async with mail_server() as (url, taken):
        mailer = SmtpMailer(url, "Acme Billing <billing@acme.example>")
        for _ in range(2):
            await mailer.send("org/invoice/1/suspended/1", LETTER)

    first, second = (message_from_string(text, policy=policy.default) for text in taken)
    assert (first["To"], first["Subject"], first["From"]) == (
        "kundin@beispiel.example",
        "Fällig",
        "Acme Billing <billing@acme.example>",
    )
    assert first.get_content().strip() == "Guten Tag Müller"
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@acme.example>")


async def test_a_server_that_refuses_or_is_away_is_named_without_the_recipient() -> None:
    async with mail_server("550 kundin@beispiel.example is unknown here") as (url, _):
        with pytest.raises(MailNotSent) as refused:
            await SmtpMailer(url, "a@b.example").send("key", LETTER)
    with pytest.raises(MailNotSent) as away:
        await SmtpMailer(f"smtp://{LOOPBACK}:{free_port()}", "a@b.example").send("key", LETTER)

    for told in (str(refused.value), str(away.value)):
        assert LOOPBACK in told
        assert "kundin" not in told


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(SettingsError, match="BILLFLOW_SMTP_URL must look like"):
        SmtpMailer(url, "a@b.example")
