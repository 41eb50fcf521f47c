"""A working calendar of an organisation's own: made and given to it in one go.

Taking it away, or giving it to another organisation as well, is a change of the organisation.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.calendar import CalendarCreate, CalendarRead
from app.schemas.org import OrgPatch
from app.services.platform import calendar_admin
from app.services.platform.actor import Actor
from app.services.staff import orgs


async def create(session: AsyncSession, *, actor: Actor, new: CalendarCreate) -> CalendarRead:
    """A new calendar; the organisation that it names works by it from now on. `NotFound` without one."""
    org = await orgs.require(session, actor=actor, field="body.org_id", org_id=new.org_id)
    calendar = await calendar_admin.create(session, actor=actor, new=new)
    if org is not None:
        given = OrgPatch(work_calendar_id=calendar.id)
        await orgs.change(session, actor=actor, org_id=org.id, changes=given, expected_version=None)
    return calendar
