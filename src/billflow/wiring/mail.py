"""The way to the mail server, with links into the portal made on it."""

from billflow.mail.portal_links import LinkingMailer
from billflow.mail.smtp import mailer_of
from billflow.settings import Settings
from billflow.wiring.engine import Engine

PORTAL_PATH = "/portal"


def mailer(engine: Engine) -> LinkingMailer | None:
    """Return what sends mails, None where no mail server is known; raises `SettingsError`."""
    known = mailer_of(engine.settings)
    return LinkingMailer(known, engine.repositories.portal_links, portal_url(engine.settings)) if known else None


def portal_url(settings: Settings) -> str:
    """Return what the addresses of the portal begin with."""
    return (settings.portal_url or f"http://{settings.api_host}:{settings.api_port}{PORTAL_PATH}").rstrip("/")
