"""Who opens a page, by what it is answered, and what it is answered with: all that most pages take."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from billflow.api.principal import Principal, PrincipalHere
from billflow.api.services import Services, ServicesHere
from billflow.console.pages import page
from billflow.console.services import ConsoleHere, ConsoleService
from billflow.domain.scopes import Scope
from billflow.models.contracts.console import ConsoleRole


@dataclass(frozen=True)
class Visit:
    """A request by somebody who is signed in, and what answers it."""

    request: Request
    services: Services
    console: ConsoleService
    principal: Principal

    @property
    def org_id(self) -> str:
        """Return whose rows the visitor sees."""
        return self.principal.org_id

    @property
    def role(self) -> ConsoleRole:
        """Return the visitor's role."""
        role: ConsoleRole = self.request.state.console_session.role
        return role

    @property
    def query(self) -> dict[str, str]:
        """Return what a form that changes nothing asks for."""
        return dict(self.request.query_params)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Return a page; *context* is what its template shows."""
        return page(self.request, template, status=status, **context)


async def _visit(request: Request, services: ServicesHere, console: ConsoleHere, principal: PrincipalHere) -> Visit:
    return Visit(request, services, console, principal)


VisitHere = Annotated[Visit, Depends(_visit)]
"""Anyone who may read for a page, who may write for a form."""

SupportVisit = Annotated[Visit, Depends(_visit), Scope.SUPPORT]
"""Somebody who may do what support may."""

ReaderVisit = Annotated[Visit, Depends(_visit), Scope.READ]
"""Anyone who is signed in, also for a form: it changes nothing of the organization's."""

AdminVisit = Annotated[Visit, Depends(_visit), Scope.ADMIN]
"""Somebody who may do what administrators may."""
