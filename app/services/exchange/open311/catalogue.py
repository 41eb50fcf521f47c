"""The services as Open311 has them: the list, and what is asked in one."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.schemas.open311 import Open311Attribute, Open311Definition, Open311Service
from app.services.exchange.public import services


async def listed(session: AsyncSession) -> list[Open311Service]:
    """All services, by code."""
    return [
        Open311Service(
            service_code=row.PublicService.category_code,
            service_name=row.name,
            description=row.PublicService.description,
            metadata=bool(row.PublicService.attributes),
            type=row.PublicService.kind,
            keywords=",".join(row.PublicService.keywords),
            group=row.group,
        )
        for row in await services.listed(session)
    ]


async def definition(session: AsyncSession, code: str) -> Open311Definition:
    """What is asked in one service; `UnknownService`."""
    row = await services.require(session, code)
    asked = [Open311Attribute.model_validate(one) for one in row.PublicService.attributes]
    return Open311Definition(service_code=code, attributes=asked)
