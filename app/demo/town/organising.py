"""What a demo's villages organise: two teams each, how many households one may keep contact with, a plan.

Only the village that is shown has a plan of visits; its full-time workers carry it out. Who visits whom is
`visiting`'s business.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from app.demo.town.care_rows import AssigneeRecord, PlanRecord, QuotaRecord, TeamMemberRecord, TeamRecord
from app.demo.town.founding import Founding
from app.demo.town.places import Places, VillagePlace
from app.demo.town.staffing import Staff
from app.models.enums.staff import ContactKind, ContactRank, TeamKind
from app.models.enums.visit import PlanScope, VisitProgramme

_TEAMS = (
    (TeamKind.PATROL, "治安巡防队", ["夜间巡逻", "消防隐患排查"]),
    (TeamKind.MEDIATION, "矛盾调解队", ["邻里纠纷", "劳资纠纷"]),
)
_CAPACITY = 30
_QUOTAS = ((ContactRank.PARTY_MEMBER, 15), (ContactRank.CADRE, 30))
_SINCE, _LASTS = timedelta(days=30), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Organised:
    """The rows, parents before children, and the plan with the village that it is for."""

    village_id: UUID
    plan_id: UUID
    starts_on: date
    teams: list[TeamRecord] = field(default_factory=list)
    team_members: list[TeamMemberRecord] = field(default_factory=list)
    quotas: list[QuotaRecord] = field(default_factory=list)
    plans: list[PlanRecord] = field(default_factory=list)
    assignees: list[AssigneeRecord] = field(default_factory=list)


def organise(founding: Founding, places: Places, team: Staff) -> Organised:
    """Teams of every village, quotas of every town, the plan of the village that is shown."""
    made = Organised(places.shown.id, founding.new_id(), founding.today - _SINCE)
    for village in places.villages:
        _teams(made, founding, village, team)
    for town in places.towns:
        for rank, most in _QUOTAS:
            about = (founding.new_id(), town.id, ContactKind.PARTY, rank, most)
            made.quotas.append(QuotaRecord(*about, *founding.stamps))
    _plan(made, founding, places.shown, team)
    return made


def _teams(made: Organised, founding: Founding, village: VillagePlace, team: Staff) -> None:
    workers = list(dict.fromkeys(team.worker_of[grid.id] for grid in village.grids))
    for kind, name, items in _TEAMS:
        team_id = founding.new_id()
        about = (f"{village.row.short_name}{name}", kind, village.id, _CAPACITY, items)
        made.teams.append(TeamRecord(team_id, *about, *founding.stamps))
        for member_id in workers[:_CAPACITY]:
            made.team_members.append(TeamMemberRecord(founding.new_id(), team_id, member_id, founding.at))


def _plan(made: Organised, founding: Founding, village: VillagePlace, team: Staff) -> None:
    about = (f"{village.row.short_name}入户大走访", VisitProgramme.GRID, PlanScope.AREA, village.id)
    days = (made.starts_on, made.starts_on + _LASTS)
    made.plans.append(PlanRecord(made.plan_id, *about, *days, *founding.stamps))
    workers = dict.fromkeys(team.worker_of[grid.id] for grid in village.grids)
    made.assignees.extend(AssigneeRecord(made.plan_id, member_id) for member_id in workers)
