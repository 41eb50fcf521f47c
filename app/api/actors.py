"""Who may call: policies as types, so that an endpoint's signature says it.

`CurrentActor` is anybody signed in; the others need one of some roles, or a token's scope. Data scope is
not decided here but in each query. A person whose initial password must be changed may do only that.

The policies call one another instead of depending on one another: FastAPI walks through all that a
dependency depends on at every mention of it, before it looks whether the result is known, and that walk
costs more than the work. The caller is looked up once a request and kept on its state.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import third_parties
from app.api.sessions import Session
from app.core.db import transaction
from app.core.errors import Forbidden, Unauthenticated
from app.models.enums import Role
from app.services.access import actors, screens
from app.services.access.roles import ROLES
from app.services.exchange.exportables import APPROVERS, EXPORTABLES
from app.services.exchange.importables import IMPORTABLES
from app.services.platform.actor import Actor, Dataset
from app.services.registry import contact_quotas, contacts, households
from app.services.staff import teams
from app.services.visits import changes, destinations, plan_changes

bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", auto_error=False)
Token = Annotated[str | None, Depends(bearer)]
IMPORTERS = tuple(sorted({role for kind in IMPORTABLES.values() for role in kind.roles}))
EXPORTERS = tuple(sorted({role for kind in EXPORTABLES.values() for role in kind.roles}))
EXPORT_READERS = tuple(sorted({*EXPORTERS, *APPROVERS}))
REPORT_MAKERS = (
    Role.LEADER_VIEWER,
    Role.STATISTICIAN,
    Role.SUPERVISOR,
    Role.DISPATCHER,
    Role.VILLAGE_ADMIN,
    Role.DEPT_HEAD,
)
Policy = Callable[[Request, AsyncSession, str | None], Awaitable[Actor]]
AnyPolicy = TypeVar("AnyPolicy", bound=Callable[..., Awaitable[Actor]])
# Which scopes a third party's token needs, by policy; the others admit people alone, or any token.
TOKEN_NEEDS: dict[Callable[..., Awaitable[Actor]], tuple[str, ...]] = {}


class PasswordChangeNeeded(Forbidden):
    """The initial password must be changed before anything else."""

    code = "password_change_required"
    title_zh = "首次登录请先修改初始密码"
    title_en = "Change the initial password first"


def _needs(*token_scopes: str) -> Callable[[AnyPolicy], AnyPolicy]:
    def note(policy: AnyPolicy) -> AnyPolicy:
        TOKEN_NEEDS[policy] = token_scopes
        return policy

    return note


async def signed_in(request: Request, session: Session, token: Token) -> Actor:
    """The caller, even one who must change the password first."""
    return await _resolve(request, session, token)


async def signed_in_apart(request: Request, token: Token) -> Actor:
    """As `signed_in`, in a transaction of its own: for endpoints whose service opens its own, too."""
    async with transaction(request.app.state.sessions) as session:
        return await _resolve(request, session, token)


SignedIn = Annotated[Actor, Depends(signed_in)]
SignedInApart = Annotated[Actor, Depends(signed_in_apart)]


async def current_actor(request: Request, session: Session, token: Token) -> Actor:
    """The caller, free to work."""
    return _free_to_work(await _resolve(request, session, token))


async def current_actor_apart(actor: SignedInApart) -> Actor:
    """As `current_actor`, in a transaction of its own: no connection is held while a file comes or goes."""
    return _free_to_work(actor)


CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentActorApart = Annotated[Actor, Depends(current_actor_apart)]


async def person(request: Request, session: Session, token: Token) -> Actor:
    """The caller, free to work, who is a person and not a third party."""
    actor = await current_actor(request, session, token)
    if actor.member_id is None:
        raise Forbidden(
            "接口令牌没有个人待办、消息和设备", "A token has no tasks, messages or devices of its own"
        )
    return actor


Person = Annotated[Actor, Depends(person)]


async def third_party(request: Request, session: Session, token: Token) -> Actor:
    """The caller, who is a third party."""
    return _third_party(await current_actor(request, session, token))


ThirdParty = Annotated[Actor, Depends(third_party)]


def with_role(*roles: Role) -> Policy:
    """A dependency that admits holders of one of the roles."""

    async def admit(request: Request, session: Session, token: Token) -> Actor:
        return _holding(await current_actor(request, session, token), roles)

    return admit


def with_role_apart(*roles: Role) -> Callable[[Actor], Awaitable[Actor]]:
    """As `with_role`, for `CurrentActorApart`."""

    async def admit(actor: CurrentActorApart) -> Actor:
        return _holding(actor, roles)

    return admit


def with_dataset(dataset: Dataset, token_scope: str) -> Policy:
    """A dependency that admits people whose posts open the dataset and tokens with the scope."""

    @_needs(token_scope)
    async def admit(request: Request, session: Session, token: Token) -> Actor:
        return _admitted(await current_actor(request, session, token), dataset, token_scope)

    return admit


def with_dataset_apart(dataset: Dataset, token_scope: str) -> Callable[[Actor], Awaitable[Actor]]:
    """As `with_dataset`, for `CurrentActorApart`."""

    @_needs(token_scope)
    async def admit(actor: CurrentActorApart) -> Actor:
        return _admitted(actor, dataset, token_scope)

    return admit


def with_role_or_scopes(role: Role, *token_scopes: str) -> Policy:
    """A dependency that admits holders of a role and tokens with all of the scopes."""

    @_needs(*token_scopes)
    async def admit(request: Request, session: Session, token: Token) -> Actor:
        actor = await current_actor(request, session, token)
        return _holding(actor, (role,)) if actor.client_id is None else _scoped(actor, token_scopes)

    return admit


def for_third_parties(token_scope: str) -> Policy:
    """A dependency that admits third parties alone, with the scope: what they send is theirs by reference."""

    @_needs(token_scope)
    async def admit(request: Request, session: Session, token: Token) -> Actor:
        return _scoped(_third_party(await current_actor(request, session, token)), (token_scope,))

    return admit


def for_third_parties_apart(token_scope: str) -> Callable[[Actor], Awaitable[Actor]]:
    """As `for_third_parties`, for `CurrentActorApart`."""

    @_needs(token_scope)
    async def admit(actor: CurrentActorApart) -> Actor:
        return _scoped(_third_party(actor), (token_scope,))

    return admit


Admin = Annotated[Actor, Depends(with_role(Role.SYSTEM_ADMIN))]
Auditor = Annotated[Actor, Depends(with_role(Role.AUDITOR))]
AreaReader = Annotated[Actor, Depends(with_dataset(Dataset.AREAS, "areas:read"))]
StaffReader = Annotated[Actor, Depends(with_dataset(Dataset.STAFF, "staff:read"))]
RegistryReader = Annotated[Actor, Depends(with_dataset(Dataset.REGISTRY, "registry:read"))]
RegistryWriter = Annotated[Actor, Depends(with_role(*households.WRITERS))]
ContactKeeper = Annotated[Actor, Depends(with_role(*contacts.KEEPERS))]
QuotaSetter = Annotated[Actor, Depends(with_role(*contact_quotas.SETTERS))]
TeamKeeper = Annotated[Actor, Depends(with_role(*teams.KEEPERS))]
OnDuty = Annotated[Actor, Depends(with_dataset(Dataset.STAFF, "staff:read"))]
Visitor = Annotated[Actor, Depends(with_role(*destinations.VISITORS))]
VisitDecider = Annotated[Actor, Depends(with_role(*changes.DECIDERS))]
VisitPlanner = Annotated[Actor, Depends(with_role(*plan_changes.MAKERS))]
VisitStatsReader = Annotated[Actor, Depends(with_dataset(Dataset.STATS, "visits:read"))]
TicketReader = Annotated[Actor, Depends(with_dataset(Dataset.TICKETS, "tickets:read"))]
TicketWriter = Annotated[Actor, Depends(with_dataset(Dataset.TICKETS, "tickets:write"))]
FileReader = Annotated[Actor, Depends(with_dataset_apart(Dataset.TICKETS, "tickets:read"))]
FileWriter = Annotated[Actor, Depends(with_dataset_apart(Dataset.TICKETS, "tickets:write"))]
StatsReader = Annotated[Actor, Depends(with_dataset(Dataset.STATS, "stats:read"))]
ReportMaker = Annotated[Actor, Depends(with_role(*REPORT_MAKERS))]
ScreenKeeper = Annotated[Actor, Depends(with_role(*screens.KEEPERS))]
Importer = Annotated[Actor, Depends(with_role(*IMPORTERS))]
ImporterApart = Annotated[Actor, Depends(with_role_apart(*IMPORTERS))]
Exporter = Annotated[Actor, Depends(with_role(*EXPORTERS))]
ExporterApart = Annotated[Actor, Depends(with_role_apart(*EXPORTERS))]
ExportReader = Annotated[Actor, Depends(with_role(*EXPORT_READERS))]
Approver = Annotated[Actor, Depends(with_role(*sorted(APPROVERS)))]
RetentionReader = Annotated[Actor, Depends(with_role(Role.SYSTEM_ADMIN, Role.AUDITOR))]
WebhookKeeper = Annotated[
    Actor, Depends(with_role_or_scopes(Role.SYSTEM_ADMIN, "webhooks:manage", "tickets:read"))
]
IntakeReader = Annotated[Actor, Depends(for_third_parties("tickets:read"))]
IntakeWriter = Annotated[Actor, Depends(for_third_parties("tickets:write"))]
IntakeWriterApart = Annotated[Actor, Depends(for_third_parties_apart("tickets:write"))]
RoutingReader = Annotated[Actor, Depends(with_role(Role.SYSTEM_ADMIN, Role.DISPATCHER))]


@_needs("stats:read")
async def figure_reader(request: Request, session: Session, token: Token) -> Actor:
    """As `StatsReader`, or a screen on a wall: the one policy that takes a screen's token."""
    if token and token.startswith(screens.PREFIX):
        return await screens.resolve(session, token=token, writers=request.app.state.sessions)
    return _admitted(await current_actor(request, session, token), Dataset.STATS, "stats:read")


FigureReader = Annotated[Actor, Depends(figure_reader)]


def _holding(actor: Actor, roles: tuple[Role, ...]) -> Actor:
    # What a client does for an organisation its scopes say, not the posts of the people there.
    if actor.client_id is not None or actor.roles.isdisjoint(roles):
        names = "、".join(ROLES[role].label_zh for role in roles)
        raise Forbidden(f"只有{names}可以这样做", f"Only for {', '.join(roles)}")
    return actor


def _free_to_work(actor: Actor) -> Actor:
    if actor.must_change_password:
        raise PasswordChangeNeeded
    return actor


def _admitted(actor: Actor, dataset: Dataset, token_scope: str) -> Actor:
    if actor.client_id is not None:
        _scoped(actor, (token_scope,))
    if not actor.grants_of(dataset):
        raise Forbidden("您的岗位不涉及这类数据", "Your posts do not open this data")
    return actor


def _third_party(actor: Actor) -> Actor:
    if actor.client_id is None:
        raise Forbidden("请使用接入方的接口令牌", "Only for the token of a third party")
    return actor


def _scoped(actor: Actor, token_scopes: tuple[str, ...]) -> Actor:
    for token_scope in token_scopes:
        if token_scope not in actor.token_scopes:
            raise Forbidden(f"该接口令牌没有 {token_scope} 权限", f"The token lacks the scope {token_scope}")
    return actor


async def _resolve(request: Request, session: AsyncSession, token: str | None) -> Actor:
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    if not token:
        raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
    actor = await actors.resolve(session, token=token, keyring=request.app.state.keyring)
    if actor.client_id is not None:
        await third_parties.admit(request, session, actor)
    request.state.actor = actor
    return actor
