"""What dashboards ask: every address of figures, of a town by its leader, of its city by a screen.

A question is spelled in another way each time it is sent, with some of its characters escaped: the server
keeps the answer to an address as it was spelled, and so works out every one of these.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from app.services.stats.questions import STANDARD

STATS = "/v1/stats"
MONTH, YEAR = "period=month", "period=year"
_FEW = "kpis=reports&kpis=closed&kpis=on_time_rate&kpis=satisfaction_rate"
BREAKDOWNS = ("category", "area", "source", "org", "worker")


@dataclass(frozen=True, slots=True)
class Question:
    """What it is called, who asks (`town` or `city`), the address and its query."""

    name: str
    path: str
    query: str = MONTH
    of: str = "town"


def questions(city_id: str, town_id: str, village_id: str) -> Sequence[Question]:
    """Everything that is compared; the village is one to look at closely."""
    city, town, village = f"area_id={city_id}", f"area_id={town_id}", f"{MONTH}&area_id={village_id}"
    screen = quote(STANDARD.model_dump_json(exclude_unset=True))
    return (
        Question("overview", "/overview"),
        Question("overview of the year", "/overview", YEAR),
        Question("all KPIs of the month", "/kpis"),
        Question("all KPIs of the year", "/kpis", YEAR),
        Question("all KPIs, a village", "/kpis", village),
        Question("trend of a month by days", "/trend", f"{MONTH}&{_FEW}"),
        Question("trend of a year by months", "/trend", f"{YEAR}&grain=month&{_FEW}"),
        Question("trend of today by hours", "/trend", f"period=today&grain=hour&{_FEW}"),
        *(Question(f"by {by}", "/breakdown", f"{MONTH}&by={by}&{_FEW}") for by in BREAKDOWNS),
        Question("by worker, a village", "/breakdown", f"{village}&by=worker&{_FEW}"),
        Question("five stages", "/flow"),
        Question("overdue and ageing", "/overdue", town),
        Question("ranking of villages", "/ranking"),
        Question("ranking of organisations", "/ranking", f"{MONTH}&by=org&kpi=on_time_rate"),
        Question("visits and coverage", "/visits"),
        Question("last steps", "/live", f"limit=20&{town}"),
        Question("map, the numbers", "/map", f"{MONTH}&geometry=false"),
        Question("map with outlines", "/map"),
        Question("outlines", "/shapes", town),
        Question("tickets overdue", "/counted", "kpi=overdue_open"),
        Question("tickets not in time", "/counted", f"{MONTH}&kpi=on_time_rate&part=rest"),
        Question("tickets of a village", "/counted", f"{village}&kpi=closed"),
        Question("whole screen", "/screen", f"ask={screen}"),
        Question("city: all KPIs", "/kpis", MONTH, "city"),
        Question("city: by area", "/breakdown", f"{MONTH}&by=area&{_FEW}", "city"),
        Question("city: visits and coverage", "/visits", MONTH, "city"),
        Question("city: last steps", "/live", f"limit=20&{city}", "city"),
        Question("city: map", "/map", f"{MONTH}&geometry=false", "city"),
        Question("city: tickets overdue", "/counted", "kpi=overdue_open", "city"),
        Question("city: tickets not in time", "/counted", f"{MONTH}&kpi=on_time_rate&part=rest", "city"),
    )


def spelled(query: str, first: int, count: int) -> list[str]:
    """The query in `count` spellings, from the one of the number `first` on."""
    return [_spelling(query, number) for number in range(first, first + count)]


def _spelling(query: str, number: int) -> str:
    """Each letter or digit as it is or escaped, in large or in small digits, as the number says."""

    def written(found: re.Match[str]) -> str:
        nonlocal number
        if found[0].startswith("%"):
            return found[0]
        code = ord(found[0])
        ways = sorted({found[0], f"%{code:02X}", f"%{code:02x}"})
        number, way = divmod(number, len(ways))
        return ways[way]

    return re.sub("%..|[a-z0-9]", written, query)
