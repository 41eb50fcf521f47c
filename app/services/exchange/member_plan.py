"""Importing the people who work in the grids: known by their own phone, else by name and area.

Writes through the staff wing, row by row. Posts and accounts are not given by spreadsheets.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.errors import Problem
from app.models.enums import Employment, Gender
from app.models.staff import Member, Org
from app.schemas.member import MemberCreate, MemberPatch
from app.services.areas import tree
from app.services.exchange import places
from app.services.exchange.faults import CellFault
from app.services.exchange.plans import Plan, Tally, Unit, blame
from app.services.exchange.rows import StagedRow, Values
from app.services.staff import member_changes, members

_CHANGED = ("gender", "employment", "occupation", "work_phone")


class MemberPlan(Plan):
    """See the module's paragraph."""

    async def prepare(self, session: AsyncSession) -> None:
        """Know the areas and the organisations by name."""
        self._places = await places.load(session, within=and_(tree.visible(self.actor), self.below))
        working = or_(Org.ended_at.is_(None), Org.ended_at > clock.now())
        rows = (await session.execute(select(Org.id, Org.name, Org.short_name).where(working))).all()
        self._orgs: dict[str, set[UUID]] = {}
        for row in rows:
            for name in (row.name, row.short_name):
                self._orgs.setdefault(name, set()).add(row.id)
        self._seen: dict[bytes | tuple[str, UUID | None], int] = {}

    async def check(self, _session: AsyncSession, units: Sequence[Unit]) -> None:
        """Areas and organisations that are not there, and people who stand there twice."""
        for (row,) in units:
            area_id, org_id = self._placed(row)
            if row.faults:
                continue
            if area_id is None and org_id is None:
                row.blame("所在区域", "missing", "所在区域和所属单位至少填一项")
                continue
            key = self._key(row.values, area_id)
            if key in self._seen:
                row.blame(
                    "姓名", "repeated", f"与第 {self._seen[key]} 行是同一人（手机号码或姓名加区域相同）"
                )
            self._seen.setdefault(key, row.line)

    async def apply(self, session: AsyncSession, units: Sequence[Unit]) -> Tally:
        """Make or change each member in a savepoint of its own."""
        tally = Tally()
        for (row,) in units:
            area_id, org_id = self._placed(row)
            if row.faults:
                tally.refused += 1
                continue
            try:
                async with session.begin_nested():
                    tally.add(await self._write(session, row.values, area_id, org_id))
            except Problem as refused:
                blame(row, refused)
                tally.refused += 1
        return tally

    def _placed(self, row: StagedRow) -> tuple[UUID | None, UUID | None]:
        area_id = org_id = None
        try:
            if "area" in row.values:
                area_id = self._places.find(row.values["area"]).id
        except CellFault as wrong:
            row.blame("所在区域", wrong.code, wrong.zh, row.values["area"])
        if "org" in row.values:
            found = self._orgs.get(row.values["org"], set())
            if len(found) == 1:
                (org_id,) = found
            else:
                zh = "有几个同名的单位，请写全称" if found else "没有这个单位，请先登记"
                row.blame("所属单位", "org_unknown", zh, row.values["org"])
        return area_id, org_id

    def _key(self, values: Values, area_id: UUID | None) -> bytes | tuple[str, UUID | None]:
        return self.vault.index(values["phone"]) if "phone" in values else (values["name"], area_id)

    async def _write(
        self, session: AsyncSession, values: Values, area_id: UUID | None, org_id: UUID | None
    ) -> Tally:
        known = await self._known(session, values, area_id, org_id)
        if known is None:
            await self._create(session, values, area_id, org_id)
            return Tally(created=1)
        sent: dict[str, object] = {name: values[name] for name in ("name", *_CHANGED) if name in values}
        sent |= {"area_id": area_id} if area_id else {}
        sent |= {"org_id": org_id} if org_id else {}
        changed = {name: value for name, value in sent.items() if getattr(known, name) != value}
        if "phone" in values and known.phone_index not in self.vault.indexes(values["phone"]):
            changed["phone"] = values["phone"]
        if not changed:
            return Tally(unchanged=1)
        await member_changes.change(
            session,
            actor=self.actor,
            vault=self.vault,
            member_id=known.id,
            changes=MemberPatch.model_validate(changed),
            expected_version=None,
        )
        return Tally(updated=1)

    async def _create(
        self, session: AsyncSession, values: Values, area_id: UUID | None, org_id: UUID | None
    ) -> None:
        new = MemberCreate(
            name=values["name"],
            gender=Gender(values.get("gender", Gender.UNSTATED)),
            employment=Employment(values["employment"]),
            occupation=values.get("occupation"),
            area_id=area_id,
            org_id=org_id,
            work_phone=values.get("work_phone"),
            phone=values.get("phone"),
        )
        await member_changes.create(session, actor=self.actor, vault=self.vault, new=new)

    async def _known(
        self, session: AsyncSession, values: Values, area_id: UUID | None, org_id: UUID | None
    ) -> Member | None:
        present = or_(Member.ended_at.is_(None), Member.ended_at > clock.now())
        statement = select(Member).where(present, members.visible(self.actor)).order_by(Member.id).limit(1)
        if "phone" in values:
            indexes = self.vault.indexes(values["phone"])
            found = await session.scalar(statement.where(Member.phone_index.in_(indexes)))
            if found is not None:
                return found
        place = Member.area_id == area_id if area_id else Member.org_id == org_id
        same = statement.where(place, Member.name == values["name"])
        if "phone" in values:
            same = same.where(Member.phone_index.is_(None))
        known: Member | None = await session.scalar(same)
        return known
