"""Text messages through a gateway over HTTP, in a form that a few lines in front of any provider can speak.

POST `{"id", "phone", "sign", "template", "params": {"text"}}` as JSON with a bearer token; 2xx with
`{"code": 0}` (or "0", "OK", or no code) is sent. `id` is the same when it is tried again, so that a gateway
can drop what it has sent already. A number that the gateway refuses is final.
"""

from dataclasses import dataclass

from pydantic import SecretStr

from app.services.mobile.channels.base import ChannelFailed, Outgoing, post

SENT = frozenset({None, 0, "0", "OK", "ok"})


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """A gateway: its address, token, registered signature and template."""

    url: str
    token: SecretStr
    sign: str
    template: str

    async def send(self, out: Outgoing) -> None:
        """Hand one text to the gateway."""
        if out.address is None:
            raise ChannelFailed("no_address", final=True)
        body = {
            "id": str(out.id),
            "phone": out.address,
            "sign": self.sign,
            "template": self.template,
            "params": {"text": out.text},
        }
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        answer = await post(self.url, body=body, headers=headers)
        code = answer.get("code")
        if not isinstance(code, str | int | None) or code not in SENT:
            raise ChannelFailed("sms_refused", final=True)
