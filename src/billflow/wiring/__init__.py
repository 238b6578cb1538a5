"""The roof: the only package that knows every concrete class."""

from billflow.wiring.desks import (
    fleet_of,
    outward_of,
    papers_of,
    privacy_of,
    reach_of,
    reconciliation_reports,
    rotate_encryption,
    settlements_of,
)
from billflow.wiring.engine import Engine, bundled_catalog, migrate, open_engine
from billflow.wiring.serving import api_services, build_api, stripe_news
from billflow.wiring.working import (
    crew_of,
    delivering,
    ensure_schedules,
    mail_activities,
    onboarding_activities,
    prepare_temporal,
    reconciliation_activities,
    workers,
)

__all__ = [
    "Engine",
    "api_services",
    "build_api",
    "bundled_catalog",
    "crew_of",
    "delivering",
    "ensure_schedules",
    "fleet_of",
    "mail_activities",
    "migrate",
    "onboarding_activities",
    "open_engine",
    "outward_of",
    "papers_of",
    "prepare_temporal",
    "privacy_of",
    "reach_of",
    "reconciliation_activities",
    "reconciliation_reports",
    "rotate_encryption",
    "settlements_of",
    "stripe_news",
    "workers",
]
