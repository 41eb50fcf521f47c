"""Whether a place that a post or a token names is there: an area, an organisation, a member.

Each check names the field of the body that is wrong. Finding places is other wings' business.
"""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import invalid_field
from app.models.area import Area
from app.models.staff import Member, Org


async def require_area(session: AsyncSession, area_id: UUID, where: str = "body.area_id") -> None:
    """Raise `Invalid` unless this area is in force today; it cannot end before the transaction does."""
    in_force = or_(Area.valid_to.is_(None), Area.valid_to > clock.today())
    statement = select(Area.id).where(Area.id == area_id, in_force)
    if await session.scalar(statement.with_for_update(read=True, key_share=True)) is None:
        raise invalid_field(where, "没有这个区域", "No such area", "not_found")


async def require_org(session: AsyncSession, org_id: UUID) -> None:
    """Raise `Invalid` unless this organisation is still working."""
    working = or_(Org.ended_at.is_(None), Org.ended_at > clock.now())
    if await session.scalar(select(Org.id).where(Org.id == org_id, working)) is None:
        raise invalid_field("body.org_id", "没有这个单位", "No such organisation", "not_found")


async def require_org_within(session: AsyncSession, org_id: UUID, *, area_id: UUID) -> None:
    """Raise `Invalid` unless an organisation's own area lies within an area, so that all it is given does."""
    within = Area.path.contains([area_id])
    statement = select(Org.id).join(Area, Area.id == Org.area_id).where(Org.id == org_id, within)
    if await session.scalar(statement) is None:
        raise invalid_field(
            "body.area_id",
            "须包含该接入方所代表单位的整个区域",
            "Must contain the whole area of the organisation that the client acts for",
        )


async def hold_member(session: AsyncSession, member_id: UUID) -> None:
    """Raise `Invalid` unless this member is still with us; their row stays locked.

    The lock lets foreign keys through and makes two writes about one member see each other.
    """
    present = or_(Member.ended_at.is_(None), Member.ended_at > clock.now())
    held = await session.scalar(
        select(Member.id).where(Member.id == member_id, present).with_for_update(key_share=True)
    )
    if held is None:
        raise invalid_field("body.member_id", "没有这名在岗成员", "No such member", "not_found")
