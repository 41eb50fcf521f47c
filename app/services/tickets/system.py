"""The system as an actor: what the sweep and the routing rules do, they do by rows of the workflow table."""

from uuid import UUID

from app.models.enums import Role
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Grant, ScopeKind

SYSTEM = Actor(id=UUID(int=0), grants=(Grant(Role.SYSTEM, ScopeKind.ALL, ROLES[Role.SYSTEM].datasets),))
