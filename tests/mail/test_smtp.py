"""Letters reach a real mail server, and nothing personal reaches a log or an error."""

from email import message_from_string, policy

import pytest

from billflow.dev.ports import LOOPBACK, free_port
from billflow.mail.smtp import SmtpMailer
from billflow.models.contracts.mail import Mail
from billflow.ports.mail import MailNotSent
from billflow.settings import SettingsError
from tests.mail.server import mail_server

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


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(SettingsError, match="BILLFLOW_SMTP_URL must look like"):
        SmtpMailer(url, "a@b.example")
