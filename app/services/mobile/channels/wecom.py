"""A robot of a WeCom group, by its public webhook: one text into the group.

The webhook answers 200 with `errcode`; 0 is sent, 45009 asks to slow down (20 texts a minute), 93000 is a
webhook that is no more. Format: https://developer.work.weixin.qq.com/document/path/91770. Others read the
group, so what comes here must name no record and mentions nobody by number.
"""

from dataclasses import dataclass

from pydantic import SecretStr

from app.services.mobile.channels.base import ChannelFailed, Outgoing, post

MAX_BYTES = 2048
GONE = frozenset({93000, 40001, 40014})


@dataclass(frozen=True, slots=True)
class WecomRobot:
    """A group's robot; its key stands in the address."""

    url: SecretStr

    async def send(self, out: Outgoing) -> None:
        """Say it in the group; the answer's code decides."""
        content = out.text.encode()[:MAX_BYTES].decode(errors="ignore")
        body = {"msgtype": "text", "text": {"content": content}}
        answer = await post(self.url.get_secret_value(), body=body)
        code = answer.get("errcode")
        if not isinstance(code, int) or isinstance(code, bool):
            raise ChannelFailed("answer_unreadable")
        if code != 0:
            raise ChannelFailed(f"wecom_{code}", final=code in GONE)
