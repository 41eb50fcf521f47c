"""Who acts without an account, by rows of the workflow table: the system itself, and the residents.

The sweep and the routing rules act as the system. A resident reports, and answers by a link that was made for
them: whoever calls a service in their name has looked at that before, because their grant reaches everywhere.
"""

from uuid import UUID

from app.models.enums import Role
from app.services.access.roles import ROLES
from app.services.platform.actor import Actor, Grant, ScopeKind

SYSTEM = Actor(id=UUID(int=0), grants=(Grant(Role.SYSTEM, ScopeKind.ALL, ROLES[Role.SYSTEM].datasets),))
RESIDENT = Actor(id=UUID(int=1), grants=(Grant(Role.RESIDENT, ScopeKind.ALL, ROLES[Role.RESIDENT].datasets),))
