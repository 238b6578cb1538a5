"""What every unit of work shares: the database, the clock, the source of ids and the settings of the simulation."""

from dataclasses import dataclass, field
from pathlib import Path

from stripe_emulator.engine.clock import Clock
from stripe_emulator.engine.ids import Ids
from stripe_emulator.storage.database import Database

DAY = 86_400


@dataclass(slots=True)
class Settings:
    """What a test or a demo may tune; times are seconds, `minimum_charges` minor units by currency.

    `tax_behavior` is that of what `automatic_tax` taxes, as in Stripe's settings of tax: exclusive, inclusive, or
    inferred_by_currency. With `livemode` it takes live keys and no others, and its objects say that they are live: for
    tests of a client.
    """

    search_lag: float = 30.0
    # [assume] the retry days stand for Stripe's unpublished smart retries.
    retry_days: tuple[int, ...] = (3, 5, 7)
    webhook_retries: tuple[float, ...] = (1, 5, 30, 120, 600, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400)
    webhook_timeout: float = 10.0
    sepa_delay: float = 2.0
    minimum_charges: dict[str, int] = field(default_factory=dict)
    tax_behavior: str = "exclusive"
    livemode: bool = False


@dataclass(slots=True)
class Services:
    """The parts of one running server; `base_url` is where its pages are, set once it listens."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    base_url: str = "http://127.0.0.1"


def open_services(path: Path | None, seed: int, settings: Settings | None = None) -> Services:
    """Open the database file (None: in memory) and what depends on it."""
    db = Database(path)
    return Services(db, Clock(db), Ids(db, seed), settings or Settings())
