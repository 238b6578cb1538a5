"""Letters reach a real mail server, and nothing personal reaches a log or an error."""

import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from billflow.dev.ports import LOOPBACK, free_port
from billflow.mail.smtp import SmtpMailer
from billflow.models.contracts.mail import Mail
from billflow.ports.mail import MailNotSent
from billflow.settings import SettingsError
from tests.mail.server import mail_server

DAY = timedelta(days=1)
MAIL = Mail(language="de", recipient="kundin@beispiel.example", subject="Fällig", body="Guten Tag Müller\n")


async def test_a_mail_arrives_whole_and_twice_under_one_message_id() -> None:
    async with mail_server() as server:
        mailer = SmtpMailer(server.url, "Acme Billing <billing@acme.example>")
        for _ in range(2):
            await mailer.send("org/invoice/1/suspended/1", MAIL)

    first, second = (message_from_string(text, policy=policy.default) for text in server.accepted)
    assert (first["To"], first["Subject"], first["From"]) == (
        "kundin@beispiel.example",
        "Fällig",
        "Acme Billing <billing@acme.example>",
    )
    assert first.get_content().strip() == "Guten Tag Müller"
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@acme.example>")


async def test_a_server_that_refuses_or_is_away_is_named_without_the_recipient() -> None:
    async with mail_server("550 kundin@beispiel.example is unknown here") as server:
        with pytest.raises(MailNotSent) as refused:
            await SmtpMailer(server.url, "a@b.example").send("key", MAIL)
    with pytest.raises(MailNotSent) as away:
        await SmtpMailer(f"smtp://{LOOPBACK}:{free_port()}", "a@b.example").send("key", MAIL)

    for told in (str(refused.value), str(away.value)):
        assert LOOPBACK in told
        assert "kundin" not in told


async def test_a_server_without_tls_is_told_neither_a_password_nor_a_mail() -> None:
    async with mail_server() as server:
        url = server.url.removesuffix("?tls=optional").replace("smtp://", "smtp://user:secret@")
        with pytest.raises(MailNotSent):
            await SmtpMailer(url, "a@b.example").send("key", MAIL)

    assert server.verbs
    assert not {"AUTH", "MAIL", "DATA"} & {*server.verbs}


@pytest.mark.parametrize("query", ["", "?tls=optional"])
async def test_a_server_whose_certificate_nobody_vouches_for_is_told_nothing(tmp_path: Path, query: str) -> None:
    async with mail_server(certificate=self_signed(tmp_path)) as server:
        with pytest.raises(MailNotSent):
            await SmtpMailer(server.url.removesuffix("?tls=optional") + query, "a@b.example").send("key", MAIL)

    assert [verb for verb in server.verbs if verb != "QUIT"] == ["EHLO", "STARTTLS"]


async def test_a_vouched_for_certificate_lets_a_mail_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(tmp_path / "certificate")
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: trusting)
    async with mail_server(certificate=certificate) as server:
        await SmtpMailer(server.url.removesuffix("?tls=optional"), "a@b.example").send("key", MAIL)

    assert len(server.accepted) == 1


@pytest.mark.parametrize("recipient", ["a@[", "(a@b.com", "a,b@c.com", ""])
async def test_a_recipient_that_is_none_is_not_sent_to_and_not_shown(recipient: str) -> None:
    async with mail_server() as server:
        with pytest.raises(MailNotSent, match="not one e-mail address"):
            await SmtpMailer(server.url, "a@b.example").send("key", MAIL.model_copy(update={"recipient": recipient}))

    assert not server.verbs


@pytest.mark.parametrize("sender", ["a@[", "", "Acme", "a@b.example, c@d.example"])
def test_a_sender_that_is_none_is_refused_by_the_name_of_its_variable(sender: str) -> None:
    with pytest.raises(SettingsError, match="BILLFLOW_MAIL_FROM"):
        SmtpMailer("smtp://mail.example", sender)


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return what serves TLS on loopback by a certificate of its own, and keep that in the folder."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))])
    signed = built.add_extension(names, critical=False).sign(key, SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate").write_bytes(signed.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate")
    return context


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:99999",
        "smtp://[::1",
        "smtp://mail.example?tls=no",
    ],
)
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(SettingsError, match="BILLFLOW_SMTP_URL must look like"):
        SmtpMailer(url, "a@b.example")
