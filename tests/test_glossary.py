"""docs/glossary.md explains every status, and what a suspended customer may not do."""

from dataclasses import fields
from enum import StrEnum

import pytest

from billflow.domain.plan import PlanStatus
from billflow.domain.suspension_effects import Effects
from billflow.models.contracts.customers import CustomerStatus, OfferStatus
from billflow.models.contracts.invoices import InvoiceStatus
from tests.source import ROOT

PAGE = (ROOT / "docs" / "glossary.md").read_text("utf-8")


@pytest.mark.parametrize("statuses", [PlanStatus, CustomerStatus, InvoiceStatus, OfferStatus])
def test_every_status_is_explained(statuses: type[StrEnum]) -> None:
    assert [status for status in statuses if f"`{status}`" not in PAGE] == []


def test_every_effect_of_a_suspension_is_explained() -> None:
    assert [field.name for field in fields(Effects) if f"`{field.name}`" not in PAGE] == []
