"""Whether a point was sent in the datum that it claims, as far as the grid that was named can tell.

A wrong datum moves a point by half a kilometre to more than one. Nothing is guessed and nothing corrected:
a point that lies well outside its grid as it was sent, and within it in another datum, is doubted, and the
doubt names that datum. Who looks at it decides.
"""

from collections.abc import Sequence
from uuid import UUID

from app.core.coordinates import CoordType, to_wgs84
from app.services.areas.grid_index import GridIndex

DOUBTFUL = "coord_type_doubtful"
# Streets and the errors of a fix are narrower; the datums lie at least 500 m apart.
MARGIN_M = 100.0
_OTHERS: Sequence[CoordType] = ("wgs84", "gcj02", "bd09")
_SAME: dict[CoordType, CoordType] = {"cgcs2000": "wgs84"}


def fits(
    index: GridIndex, *, lng: float, lat: float, coord_type: CoordType, area_id: UUID
) -> CoordType | None:
    """The datum in which the point would lie in the grid; None unless it lies well outside as it was sent.

    Also None for an area without a boundary, and for any that is neither a grid nor a micro-grid.
    """
    away = index.metres_from(area_id, to_wgs84(lng, lat, coord_type))
    if away is None or away <= MARGIN_M:
        return None
    claimed = _SAME.get(coord_type, coord_type)
    others = (other for other in _OTHERS if other != claimed)
    return next(
        (other for other in others if not index.metres_from(area_id, to_wgs84(lng, lat, other))), None
    )


def doubt(claimed: CoordType, fits: CoordType) -> tuple[str, str]:
    """What to tell whoever sent the point, in Chinese and in English."""
    return (
        f"按 {claimed} 该点远在所选网格之外，按 {fits} 则在网格内：请核对坐标系",
        f"As {claimed} the point lies well outside the grid, as {fits} within it: check the datum",
    )
