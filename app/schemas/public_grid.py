"""Wire shapes of what regulations want public: a grid, who works there, and the phones to call."""

from uuid import UUID

from app.models.enums import AreaLevel, Role
from app.schemas.types import Output


class PublicMember(Output):
    """Somebody on duty in a grid: name, role and work phone, nothing else."""

    name: str
    role: Role
    role_label: str
    work_phone: str | None


class PublicGrid(Output):
    """A grid with its people; `public_phone` is where to complain about them."""

    id: UUID
    code: str
    name: str
    level: AreaLevel
    village_name: str | None
    public_phone: str | None
    members: list[PublicMember]
