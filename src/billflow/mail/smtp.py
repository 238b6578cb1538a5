"""The way to a mail server, by SMTP."""

import hashlib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from billflow.models.contracts.mail import Mail
from billflow.ports.mail import Mailer, MailNotSent
from billflow.settings import SettingsError

TIMEOUT = 30.0
"""Seconds for each answer of the mail server."""

_PORTS = {"smtp": 587, "smtps": 465}

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SmtpMailer(Mailer):
    """Sends mail through the server that an address names: smtp://user:password@host:587, or smtps for TLS at once.

    With `smtp` TLS begins where the server offers it. Raises `SettingsError` for an address that is none.
    """

    def __init__(self, url: str, sender: str) -> None:
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise SettingsError("BILLFLOW_SMTP_URL must look like smtp://user:password@mail.example:587.")
        self._host, self._port = address.hostname, address.port or _PORTS[address.scheme]
        self._use_tls = address.scheme == "smtps"
        self._user = unquote(address.username) if address.username else None
        self._password = unquote(address.password) if address.password else None
        self._sender = sender

    async def send(self, key: str, mail: Mail) -> None:
        try:
            await aiosmtplib.send(
                self._message(key, mail),
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._use_tls,
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            # What the server said may repeat the recipient's address, so only its kind goes any further.
            raise MailNotSent(
                f"The mail server at {self._host} did not take a mail ({type(error).__name__}); try again later."
            ) from None
        _log.info("mail sent", key=key)

    def _message(self, key: str, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Content-Language"] = mail.language
        message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body)
        return message

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2].strip("> ") or self._host
