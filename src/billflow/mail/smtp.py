"""The way to a mail server, by SMTP."""

import hashlib
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
import structlog

from billflow.models.contracts.email_addresses import recipients
from billflow.models.contracts.mail import Mail
from billflow.ports.mail import Mailer, MailNotSent
from billflow.settings import Settings, SettingsError

TIMEOUT = 30.0
"""Seconds for each answer of the mail server."""

_PORTS = {"smtp": 587, "smtps": 465}
_QUERIES = ("", "tls=optional")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SmtpMailer(Mailer):
    """Sends mail through the server that an address names: smtp://user:password@host:587, or smtps for TLS at once.

    With `smtp` the server must offer STARTTLS before anything else is said to it; `?tls=optional` at the end of the
    address lets it be without. Raises `SettingsError` for an address or a sender that is none.
    """

    def __init__(self, url: str, sender: str) -> None:
        address, port = _parts(url)
        if len(named := recipients(sender)) != 1 or "@" not in named[0]:
            raise SettingsError("BILLFLOW_MAIL_FROM must be one address, such as Billing <billing@mail.example>.")
        self._host, self._port = address.hostname or "", port
        self._use_tls = address.scheme == "smtps"
        self._start_tls = None if self._use_tls or address.query else True
        self._user = unquote(address.username) if address.username else None
        self._password = unquote(address.password) if address.password else None
        self._sender = sender

    async def send(self, key: str, mail: Mail) -> None:
        if recipients(mail.recipient) != [mail.recipient]:
            raise MailNotSent("A mail's recipient is not one e-mail address; correct it at the customer.")
        try:
            await aiosmtplib.send(
                self._message(key, mail),
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._use_tls,
                start_tls=self._start_tls,
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
        message["Subject"] = " ".join(mail.subject.split())
        message["Content-Language"] = mail.language
        message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body)
        return message

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2].strip("> ") or self._host


def mailer_of(settings: Settings) -> SmtpMailer | None:
    """Return the way to the mail server, None where there is none; raises `SettingsError`."""
    url = settings.smtp_url
    return SmtpMailer(url.get_secret_value(), settings.mail_from) if url else None


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        address = urlsplit(url)
        port = address.port or _PORTS[address.scheme]
    except (KeyError, ValueError):
        address, port = urlsplit(""), 0
    if not address.hostname or address.query not in _QUERIES:
        raise SettingsError(
            "BILLFLOW_SMTP_URL must look like smtp://user:password@mail.example:587, or end in ?tls=optional."
        )
    return address, port
