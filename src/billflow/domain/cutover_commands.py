"""The commands that move a plan of a parallel run from the old system to billflow, and back (rules 42)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from billflow.domain.calendar import check_zone
from billflow.domain.moments import checked_moment
from billflow.domain.scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCutover:
    """Bill a plan of a parallel run from the end of a period on, at which the old subscription is told to end.

    That is the first end from `not_before` on, of the running period without. Of a plan whose compared invoices differ
    only with `include_different`. `old_system_ends` says that the old system, which is not at Stripe, ends by itself.
    """

    not_before: datetime | None = None
    include_different: bool = False
    old_system_ends: bool = False
    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["begin_cutover"] = "begin_cutover"

    def __post_init__(self) -> None:
        if self.not_before is not None:
            check_zone(self.not_before, "not_before")
            checked_moment(self.not_before, "not_before")


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCutover:
    """Let the old subscription go on and the plan run in parallel to it, up to the moment of the cutover."""

    scope: ClassVar[Scope] = Scope.SUPPORT
    type: Literal["cancel_cutover"] = "cancel_cutover"
