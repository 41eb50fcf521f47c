"""The audit log's chain, from the command line: seal what waits, or verify what is sealed."""

from app.config import Settings
from app.core.crypto import Vault
from app.core.db import create_engine, create_readers, create_sessions
from app.runtime.failures import CommandFailed
from app.services.platform import audit_chain
from app.services.platform.audit_chain import Broken, Head, Verdict

FAULTS = {
    "row_changed": "内容与封存时不符",
    "row_missing": "已被删除",
    "row_not_sealed": "未经登记，既未封存也不在待封存之列",
    "link_missing": "链条缺少这一环",
    "key_unknown": "封存时的密钥不在配置中（WANGGE_RETIRED_SECRET_KEYS）",
    "rewritten": "链条与先前记下的链尾不符",
    "cut_off": "链条比先前记下的短",
}


async def verify(url: str, settings: Settings, *, noted: str | None) -> Verdict:
    """Walk the chain; `CommandFailed` names the first broken row. `noted` is `序号:摘要` from before."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        async with create_readers(engine)() as session:
            head = _head(noted) if noted is not None else None
            verdict = await audit_chain.verify(session, vault=Vault(*settings.secrets), noted=head)
    finally:
        await engine.dispose()
    if verdict.broken is not None:
        raise CommandFailed(_words(verdict.broken))
    return verdict


async def seal(url: str, settings: Settings) -> int:
    """Seal what waits, without waiting for the worker."""
    engine = create_engine(url, pool_size=1, name="wangge-cli")
    try:
        return await audit_chain.seal(create_sessions(engine), vault=Vault(*settings.secrets))
    finally:
        await engine.dispose()


def told(head: Head) -> str:
    """A head as it is printed and noted."""
    return f"{head.seq}:{head.digest.hex()}"


def _head(noted: str) -> Head:
    seq, _, digest = noted.partition(":")
    try:
        return Head(int(seq), bytes.fromhex(digest))
    except ValueError as broken:
        raise CommandFailed("链尾须写成 序号:摘要，即 wangge audit verify 打印的那一行") from broken


def _words(broken: Broken) -> str:
    place = "" if broken.seq is None else f"第 {broken.seq} 环"
    row = "" if broken.audit_id is None else f"审计记录 {broken.audit_id} "
    # Without its key a link cannot be looked at: nobody has changed anything yet.
    found = "审计日志无法校验" if broken.fault == "key_unknown" else "审计日志已被改动"
    return f"{found}：{place}{'，' if place and row else ''}{row}{FAULTS[broken.fault]}"
