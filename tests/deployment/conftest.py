"""What several tests of deployment begin with."""

from tests.deployment.distributions import built

__all__ = ["built"]
