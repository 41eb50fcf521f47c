"""Mail over SMTP, with or without TLS as the deployment's server wants it.

Answers of 4xx may be tried again, 5xx are final (RFC 5321, 4.2.1). The text is plain; nothing of it stands
in the subject. A Message-ID made of the delivery's id lets a server drop what it has already.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from app.services.mobile.channels.base import SECONDS, ChannelFailed, Outgoing

SUBJECT = "网格工作提醒"
PERMANENT = 500


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server as `smtp://user:password@host:587` (TLS where offered) or `smtps://…` (TLS from the start)."""

    url: SecretStr
    sender: str
    domains: tuple[str, ...] = ()

    async def send(self, out: Outgoing) -> None:
        """Send one mail."""
        if out.address is None:
            raise ChannelFailed("no_address", final=True)
        if self.domains and out.address.rpartition("@")[2].lower() not in self.domains:
            raise ChannelFailed("domain", final=True)
        server = urlsplit(self.url.get_secret_value())
        try:
            await aiosmtplib.send(
                _letter(out, self.sender, out.address),
                hostname=server.hostname,
                port=server.port,
                username=unquote(server.username) if server.username else None,
                password=unquote(server.password) if server.password else None,
                use_tls=server.scheme == "smtps",
                # Where there is a password, it never goes out in the clear.
                start_tls=True if server.username and server.scheme == "smtp" else None,
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _failed(max(one.code for one in refused.recipients)) from refused
        except aiosmtplib.SMTPResponseException as answer:
            raise _failed(answer.code) from answer
        except (aiosmtplib.SMTPException, OSError) as away:
            raise ChannelFailed("unreachable") from away


def _letter(out: Outgoing, sender: str, address: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, address, SUBJECT
    letter["Message-ID"] = f"<{out.id}@{sender.rpartition('@')[2]}>"
    letter.set_content(out.text)
    return letter


def _failed(code: int) -> ChannelFailed:
    return ChannelFailed(f"smtp_{code}", final=code >= PERMANENT)
