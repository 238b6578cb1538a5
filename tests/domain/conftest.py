"""How hard the properties look: few examples by default, `HYPOTHESIS_PROFILE=more` for a long look."""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "ci", max_examples=80, stateful_step_count=30, derandomize=True, deadline=None, suppress_health_check=SLOW
)
settings.register_profile("more", max_examples=1500, stateful_step_count=60, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
