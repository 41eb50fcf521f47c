"""People of the small town as actors, for tests that call services without HTTP."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Vault
from app.services.access import actors
from app.services.access.keyring import Keyring
from app.services.platform.actor import Actor
from tests.support.settings import SECRET
from tests.support.world import World


async def actors_of(session: AsyncSession, world: World, people: Sequence[str]) -> dict[str, Actor]:
    """These people, as their tokens and their posts in the database make them."""
    keyring = Keyring(Vault(SECRET), key_days=90)
    return {who: await actors.resolve(session, token=world.token(who), keyring=keyring) for who in people}
