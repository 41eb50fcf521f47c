"""The demo's third party: a programme on residents' phones that reports and asks, with one token."""

import secrets
from datetime import timedelta
from typing import NamedTuple

from app.core.crypto import hash_token, new_secret
from app.demo.summary import DemoToken
from app.demo.town.founding import Founding
from app.demo.town.rows import AreaRecord, ClientRecord, TokenRecord
from app.models.enums import AccountStatus
from app.models.enums.third_party import ClientField
from app.services.access.actors import TOKEN_PREFIX
from app.services.access.roles import TOKEN_SCOPES

_NAME, _PURPOSE, _CONTACT = "随手拍小程序", "居民随手拍上报和进度查询", "综合治理指挥中心信息员"
_OWNER = "政务服务和数据管理局"
# What a resident who reports may read of the town's answers; where somebody lives is not among it.
_FIELDS = [ClientField.TITLE.value, ClientField.CONTENT.value, ClientField.PUBLIC_REPLY.value]
_VALID = timedelta(days=365)
_KEY_BYTES = 8


class ThirdParty(NamedTuple):
    """Its rows, and the token that cannot be had again."""

    client: ClientRecord
    token: TokenRecord
    shown: DemoToken


def third_party(founding: Founding, area: AreaRecord) -> ThirdParty:
    """A client with every scope over an area; the secret is drawn anew at every load."""
    key, secret, scopes = secrets.token_hex(_KEY_BYTES), new_secret(), sorted(TOKEN_SCOPES)
    client_id = founding.new_id()
    about = (_NAME, _PURPOSE, _CONTACT, AccountStatus.ACTIVE, _OWNER, _FIELDS, founding.now + _VALID)
    token = TokenRecord(
        id=founding.new_id(),
        client_id=client_id,
        key=key,
        secret_hash=hash_token(secret),
        scopes=scopes,
        area_id=area.id,
        expires_at=founding.now + _VALID,
        created_at=founding.at,
        created_by=founding.founder_id,
    )
    shown = DemoToken(_NAME, f"{TOKEN_PREFIX}{key}.{secret}", scopes, area.code)
    return ThirdParty(ClientRecord(client_id, *about, *founding.stamps), token, shown)
