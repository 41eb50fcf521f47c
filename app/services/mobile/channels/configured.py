"""Which channels a deployment has: those whose settings are there."""

from types import MappingProxyType

from app.config import Settings
from app.models.enums.message import Channel
from app.services.mobile.channels.base import Adapter, Channels
from app.services.mobile.channels.mail import MailServer
from app.services.mobile.channels.sms import SmsGateway
from app.services.mobile.channels.wecom import WecomRobot


def of_settings(settings: Settings) -> Channels:
    """The adapters, made of the settings and of nothing else."""
    found: dict[Channel, Adapter] = {}
    if settings.wecom_webhook_url:
        found[Channel.WECOM] = WecomRobot(settings.wecom_webhook_url)
    if settings.smtp_url and settings.mail_from:
        found[Channel.MAIL] = MailServer(settings.smtp_url, settings.mail_from, settings.mail_domains)
    if settings.sms_url and settings.sms_token:
        found[Channel.SMS] = SmsGateway(
            settings.sms_url, settings.sms_token, settings.sms_sign, settings.sms_template
        )
    return Channels(MappingProxyType(found))
