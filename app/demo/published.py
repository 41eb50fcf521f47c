"""What dispatchers published of the demo's latest tickets, so that the public list has something to show.

In the words of a category and a village alone: what residents of the demo complained of stays inside.
"""

from datetime import datetime, timedelta

from asyncpg import Connection

MOST, LATELY = 300, timedelta(days=60)
_PUBLISH = """
    INSERT INTO publication
        (ticket_id, reported_at, description, address, reply, with_point, published_at, updated_at)
    SELECT ticket.id, ticket.reported_at, category.label_zh || '，已派人查看', village.name,
        CASE WHEN ticket.status = 'closed' THEN '已处理完毕，感谢反映' END,
        ticket.household_id IS NULL, $1, $1
    FROM ticket
    JOIN public_service ON public_service.category_code = ticket.category_code AND public_service.enabled
    JOIN category ON category.code = ticket.category_code
    LEFT JOIN area AS village ON village.id = ticket.village_id
    WHERE NOT ticket.confidential AND ticket.reported_at >= $2
        AND ticket.status NOT IN ('draft', 'reported', 'returned', 'voided')
    ORDER BY ticket.reported_at DESC, ticket.id LIMIT $3
    """


async def publish(connection: Connection, now: datetime) -> None:
    """Publish the latest that are fit for it."""
    await connection.execute(_PUBLISH, now, now - LATELY, MOST)
