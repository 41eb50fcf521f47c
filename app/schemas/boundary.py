"""Wire shapes of boundaries that come as one GeoJSON collection, and of what is wrong with them."""

from typing import Literal

from pydantic import ConfigDict, Field

from app.schemas.area import Boundary
from app.schemas.folding import Code
from app.schemas.types import Input, Output

MAX_FEATURES = 1_000


class BoundaryProperties(Input):
    """Which area a feature is; other properties of drawing programs are passed over."""

    model_config = ConfigDict(extra="ignore")

    code: Code


class BoundaryFeature(Input):
    """One boundary (RFC 7946, WGS-84)."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["Feature"]
    properties: BoundaryProperties
    geometry: Boundary


class BoundaryCollection(Input):
    """Boundaries of some areas; drawing programs add members of their own, which are passed over."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["FeatureCollection"]
    features: list[BoundaryFeature] = Field(min_length=1, max_length=MAX_FEATURES)


class BoundarySet(Input):
    """Boundaries to look at, and with `apply` to write; findings of the kinds in `allow` do not stop it."""

    collection: BoundaryCollection
    apply: bool = False
    allow: list[Literal["overlap", "hole", "outside_parent"]] = Field(default=[], max_length=3)


class BoundaryFinding(Output):
    """One finding: its kind, the codes of the areas, a point at or in it (WGS-84), and its size in m²."""

    kind: str
    codes: list[str]
    lng: float | None
    lat: float | None
    area_m2: float | None


class BoundaryReport(Output):
    """What was found, and whether the boundaries were written."""

    applied: bool
    findings: list[BoundaryFinding]
