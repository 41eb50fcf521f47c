"""The deployment's vault, for endpoints whose service seals or masks personal numbers."""

from typing import Annotated

from fastapi import Depends, Request

from app.core.crypto import Vault


async def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


AppVault = Annotated[Vault, Depends(_vault)]
