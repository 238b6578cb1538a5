"""The roof: the only package that knows every concrete class."""

from billflow.wiring.api import api_services, build_api, stripe_event_handlers
from billflow.wiring.engine import Engine, bundled_catalog, migrate, open_engine
from billflow.wiring.factories import (
    address_policy_of,
    adjustments_of,
    documents_of,
    personal_data_of,
    rotate_encryption,
    webhooks_of,
)
from billflow.wiring.workers import (
    activities_of,
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
    "activities_of",
    "address_policy_of",
    "adjustments_of",
    "api_services",
    "build_api",
    "bundled_catalog",
    "delivering",
    "documents_of",
    "ensure_schedules",
    "mail_activities",
    "migrate",
    "onboarding_activities",
    "open_engine",
    "personal_data_of",
    "prepare_temporal",
    "reconciliation_activities",
    "rotate_encryption",
    "stripe_event_handlers",
    "webhooks_of",
    "workers",
]
