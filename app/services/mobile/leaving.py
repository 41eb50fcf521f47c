"""Which of the records that news are about a phone may be told to forget: those that its owner saw.

An id that nobody has on their phone tells them that something happened elsewhere, so it does not travel.
What posts that ended opened is `pull`'s farewell.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.area import Area
from app.models.registry import CareObject, Household, Transfer
from app.models.ticket_step import TicketAssignment
from app.services.mobile import news
from app.services.mobile.news import News
from app.services.platform import scope
from app.services.platform.actor import Actor, Dataset, ScopeKind
from app.services.registry import reach, transfer_reads


async def known(
    session: AsyncSession, *, actor: Actor, found: Sequence[News], wanted: Mapping[str, Collection[UUID]]
) -> Mapping[str, set[UUID]]:
    """The records of each kind that are, or were until then, where the caller sees records of the kind."""
    tickets = [each for each in found if each.entity == "ticket"]
    registry = [each for each in found if each.entity in {"household", "visit"}]
    here = await _here(session, actor, Dataset.REGISTRY, registry)
    return {
        "tickets": await _here(session, actor, Dataset.TICKETS, tickets)
        | await _worked_on(session, actor, wanted["tickets"]),
        "visits": here & news.of(found, "visit"),
        "households": (here & news.of(found, "household"))
        | await _ended(session, actor, wanted["households"]),
        "care": await _cared_for(session, actor, wanted["care"]) | _erased(actor, found),
        "transfers": await _offered(session, actor, wanted["transfers"]),
        "notifications": news.forgotten(found),
    }


async def _here(session: AsyncSession, actor: Actor, dataset: Dataset, told: Sequence[News]) -> set[UUID]:
    """What some news are about that happened where the caller sees records of the kind."""
    places = {place for each in told for place in each.places()}
    within = await _within(session, actor, dataset, places)
    return {each.entity_id for each in told if not each.places().isdisjoint(within)}


async def _within(
    session: AsyncSession, actor: Actor, dataset: Dataset, places: Collection[UUID]
) -> set[UUID]:
    """Those of some areas that lie in one whose records of a kind the caller sees."""
    grants = [grant for grant in actor.grants_of(dataset) if grant.kind is ScopeKind.AREA]
    mine = [grant.area_id for grant in grants if grant.area_id]
    if not mine or not places:
        return set()
    inside = Area.path.overlap(cast(mine, ARRAY(Uuid)))
    return set(await session.scalars(select(Area.id).where(Area.id.in_(places), inside)))


async def _worked_on(session: AsyncSession, actor: Actor, tickets: Collection[UUID]) -> set[UUID]:
    """Those of some tickets that an organisation of the caller's once led or helped with."""
    orgs = [grant.org_id for grant in actor.grants if grant.org_id]
    if not orgs or not tickets:
        return set()
    ours = select(TicketAssignment.ticket_id).where(
        TicketAssignment.ticket_id.in_(tickets), TicketAssignment.org_id.in_(orgs)
    )
    return set(await session.scalars(ours))


async def _ended(session: AsyncSession, actor: Actor, households: Collection[UUID]) -> set[UUID]:
    """Those of some households that ended within the caller's reach."""
    if not households:
        return set()
    over = Household.id.in_(households) & Household.ended_on.is_not(None)
    return set(await session.scalars(select(Household.id).where(over, reach.visible(actor, Household))))


async def _cared_for(session: AsyncSession, actor: Actor, care: Collection[UUID]) -> set[UUID]:
    """Those of some care objects that the caller is responsible for, or may have been."""
    if not care:
        return set()
    ours = or_(CareObject.responsible_id == actor.member_id, reach.visible(actor, CareObject))
    return set(await session.scalars(select(CareObject.id).where(CareObject.id.in_(care), ours)))


def _erased(actor: Actor, found: Sequence[News]) -> set[UUID]:
    """The caller's care objects that were deleted with all that told of a person."""
    return {each.entity_id for each in found if each.data.get("responsible_id") == str(actor.member_id)}


async def _offered(session: AsyncSession, actor: Actor, transfers: Collection[UUID]) -> set[UUID]:
    """Those of some transfers that were offered to the caller's areas."""
    if not transfers:
        return set()
    ours = scope.visible(actor, Dataset.REGISTRY, transfer_reads.TAKING)
    return set(await session.scalars(select(Transfer.id).where(Transfer.id.in_(transfers), ours)))
