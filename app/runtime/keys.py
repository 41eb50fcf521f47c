"""The signing keys of access tokens and the sealed values, from the command line."""

from app.config import Settings
from app.core.crypto import Vault
from app.core.db import create_engine, create_sessions, transaction
from app.services.access.keyring import Keyring
from app.services.privacy import resealing
from app.services.privacy.resealing import Resealed


async def rotate(url: str, settings: Settings) -> str:
    """Sign with a new key from now on; returns its id. Servers take it up by themselves."""
    vault = Vault(*settings.secrets)
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        async with transaction(create_sessions(engine)) as session:
            return await Keyring(vault, key_days=settings.signing_key_days).rotate(session)
    finally:
        await engine.dispose()


async def reseal(url: str, settings: Settings) -> Resealed:
    """Seal anew, with the present secret, all that retired ones sealed."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        return await resealing.run(create_sessions(engine), vault=Vault(*settings.secrets))
    finally:
        await engine.dispose()
