"""From a moment, a place and a fate to all rows of one ticket: the report, its life, and how it stands."""

from collections import deque
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import NamedTuple

from app.core.clock import BUSINESS_ZONE
from app.demo.content import complaints
from app.demo.content.complaints import TicketText
from app.demo.content.grids import point_in
from app.demo.content.tables import chance, pick
from app.demo.history.case import Case
from app.demo.history.cast import Grid, Person, Town
from app.demo.history.lives import Life
from app.demo.history.office import Office, instant
from app.demo.history.pace import Pace
from app.demo.history.rows import ContactRecord, TicketRecord
from app.demo.history.sheets import Sheets
from app.demo.history.teller import Master
from app.models.enums import Action, ClockKind, EventSource, Role, Status
from app.services.tickets.deadlines import Deadlines
from app.services.tickets.policies import revisit_exemption

_POINT_SHARE = 0.8
_CALLER_SHARE = 0.9
_CLIENT_SHARE = 0.3  # Of what residents report themselves: through the third party's programme.
_DATUM = "wgs84"

_SEEN_IN_THE_FIELD = frozenset(
    {
        EventSource.GRID_PATROL,
        EventSource.VISIT,
        EventSource.CONTACT_TEAM,
        EventSource.LEADER_WALK,
        EventSource.INSPECTION,
    }
)
_FROM_MACHINES = frozenset({EventSource.IOT, EventSource.VIDEO, EventSource.THIRD_PARTY})
_SOMEBODY_COMPLAINED = frozenset(
    {
        EventSource.VISIT,
        EventSource.CONTACT_TEAM,
        EventSource.RESIDENT_APP,
        EventSource.PHONE,
        EventSource.HOTLINE_12345,
        EventSource.PETITION,
    }
)
_FIELD_CAST = (
    *[Role.GRID_WORKER] * 14,
    *[Role.GRID_ASSISTANT] * 3,
    *[Role.GRID_LEADER] * 2,
    Role.VILLAGE_ADMIN,
)

# Young tickets are told twice: first to see how long such a story takes.
_SETTLED = 35 * 86_400.0
_UNLIMITED = 1.5 * 86_400.0  # How long a step without a limit may be waited for.
_LATE_SHARE = 0.12  # Of the open ones: overdue now.
_SLOWEST = 2.0
_SUSPENDED = 12 * 86_400.0  # How long the ledger holds them.
_REMEMBERED = 200
_ALONE = frozenset({Status.DRAFT, Status.MERGED, Status.VOIDED})


class _Matter(NamedTuple):
    """What is reported and where, how it will end, and which earlier report says the same."""

    grid: Grid
    text: TicketText
    fate: Status
    master: Master | None = None


class _Told(NamedTuple):
    """A ticket that was told, for others to be merged into."""

    case: Case
    matter: _Matter

    def until(self, now: float) -> float:
        """Until when it is open."""
        closed_at = self.case.closed_at
        return now if closed_at is None else closed_at.timestamp()


class Scribe:
    """Writes the tickets of one town, one after the other."""

    def __init__(
        self, rng: Random, town: Town, office: Office, deadlines: Deadlines, now: datetime, prefix: str
    ) -> None:
        self._rng, self._town, self._office, self._deadlines = rng, town, office, deadlines
        self._now, self._prefix = now.timestamp(), prefix
        self._told: deque[_Told] = deque(maxlen=_REMEMBERED)

    def write(self, sheets: Sheets, moment: float, fate: Status, number: int) -> None:
        """One ticket with everything that hangs on it."""
        matter, seed = self._matter(instant(moment), fate), self._rng.getrandbits(64)
        pace = Pace(self._office, self._now)
        if self._now - moment <= _SETTLED:
            rehearsed = self._tell(_drawn(seed), Sheets(), moment, matter, Pace(self._office, inf))
            pace = Pace(self._office, self._now, self._stretch(rehearsed, moment))
        rng = _drawn(seed)
        case = self._tell(rng, sheets, moment, matter, pace)
        case.end(instant(self._now))
        _contact(rng, sheets, case, matter.grid)
        point = point_in(rng, matter.grid.tile) if chance(rng, _POINT_SHARE) else None
        sheets.tickets.append(self._row(case, matter, point, number))
        if matter.fate not in _ALONE:
            self._told.append(_Told(case, matter))

    def _matter(self, at: datetime, fate: Status) -> _Matter:
        """Something new, or what another reported before and is still under way."""
        if fate is Status.MERGED:
            for told in reversed(self._told):
                until = told.until(self._now)
                if until > at.timestamp() + 60:
                    return told.matter._replace(fate=fate, master=Master(told.case.id, instant(until)))
            fate = Status.WITHDRAWN
        grid = pick(self._rng, self._town.grids)
        return _Matter(grid, self._text(grid, at, fate), fate)

    def _text(self, grid: Grid, at: datetime, fate: Status) -> TicketText:
        """What is reported: something that can stand so."""
        month = at.astimezone(BUSINESS_ZONE).month
        while True:
            text = complaints.ticket(self._rng, grid.place, month=month)
            if self._may_stand(fate, text):
                return text

    def _may_stand(self, fate: Status, text: TicketText) -> bool:
        """What nobody is asked about waits for no evaluation, what the system sends for no dispatcher."""
        if fate is Status.ACCEPTED:
            return text.category not in self._town.rules
        return fate is not Status.EVALUATING or revisit_exemption(text.source) is None

    def _stretch(self, rehearsed: Case, moment: float) -> float:
        """How much slower than usual a young ticket goes, to stand now where it should."""
        age, ended = self._now - moment, rehearsed.at.timestamp()
        if rehearsed.closed_at is not None:
            return 1.0 if ended < self._now else age * (0.5 + 0.45 * self._rng.random()) / (ended - moment)
        due_at = rehearsed.dossier.due_at
        limit = due_at.timestamp() - ended if due_at else _UNLIMITED
        if rehearsed.status is Status.SUSPENDED:
            limit = _SUSPENDED
        # What is ready to be closed is closed by the system when its time is over.
        late = chance(self._rng, _LATE_SHARE) and rehearsed.dossier.clock(ClockKind.CLOSE) is None
        share = 1.05 + self._rng.random() if late else 0.05 + 0.8 * self._rng.random()
        before = age - min(limit * share, 0.8 * age)
        return min(before / max(ended - moment, 1.0), _SLOWEST)

    def _tell(self, rng: Random, sheets: Sheets, moment: float, matter: _Matter, pace: Pace) -> Case:
        text, at = matter.text, instant(moment)
        case = Case(rng, self._deadlines, sheets, text.source, at)
        reporter = self._reporter(rng, matter.grid, text.source)
        action = Action.SAVE_DRAFT if matter.fate is Status.DRAFT else Action.REPORT
        case.report(action, reporter, text.urgency, _seen_at(rng, at, text.source))
        life = Life(rng, self._town, matter.grid, case, text, matter.fate, pace)
        life.master = matter.master
        life.live()
        return case

    def _reporter(self, rng: Random, grid: Grid, source: EventSource) -> Person:
        if source in _SEEN_IN_THE_FIELD:
            return pick(rng, grid.of_role(pick(rng, _FIELD_CAST)) or grid.of_role(Role.GRID_WORKER))
        own = source is EventSource.RESIDENT_APP and chance(rng, _CLIENT_SHARE)
        if self._town.clients and (own or source in _FROM_MACHINES):
            return pick(rng, self._town.clients)
        if source is EventSource.PHONE and chance(rng, 0.5):
            return pick(rng, grid.of_role(Role.VILLAGE_ADMIN))
        return pick(rng, self._town.dispatchers)

    def _row(
        self, case: Case, matter: _Matter, point: tuple[float, float] | None, number: int
    ) -> TicketRecord:
        member_id, grid, text = case.reporter.member_id, matter.grid, matter.text
        lng, lat = point or (None, None)
        return TicketRecord(
            id=case.id,
            no=f"{self._prefix}{case.reported_at.astimezone(BUSINESS_ZONE):%Y%m%d}-{number:06d}",
            title=text.title,
            content=text.content,
            category_code=text.category,
            area_id=grid.id,
            town_id=self._town.id,
            village_id=grid.village_id,
            grid_id=grid.id,
            address=text.address,
            lng=lng,
            lat=lat,
            raw_lng=lng,
            raw_lat=lat,
            coord_type=None if lng is None else _DATUM,
            reporter_id=member_id,
            client_id=None if member_id else case.reporter.id,
            created_at=case.reported_at,
            created_by=case.reporter.id,
            **case.standing(),
        )


def _seen_at(rng: Random, at: datetime, source: EventSource) -> datetime | None:
    """What the device of somebody in the field says: some minutes before."""
    if source not in _SEEN_IN_THE_FIELD:
        return None
    return at - timedelta(seconds=int(60 + 1500 * rng.random()))


def _contact(rng: Random, sheets: Sheets, case: Case, grid: Grid) -> None:
    """Who complained, where somebody did: a resident of the grid."""
    if case.source not in _SOMEBODY_COMPLAINED or not grid.callers or not chance(rng, _CALLER_SHARE):
        return
    caller = pick(rng, grid.callers)
    phone = (caller.phone_sealed, caller.phone_index, caller.phone_last4)
    sheets.contacts.append(ContactRecord(case.id, caller.name, *phone, caller.id))


def _drawn(seed: int) -> Random:
    """The same draws for the rehearsal and for the telling."""
    return Random(seed)  # noqa: S311 - reproducible, as everything in the demo
