"""Channels, the feed and webhooks in the back office."""

from .channel import ChannelAdmin, ChannelProgramAdmin
from .event import EventAdmin
from .webhook import WebhookDeliveryAdmin, WebhookEndpointAdmin

__all__ = ["ChannelAdmin", "ChannelProgramAdmin", "EventAdmin", "WebhookDeliveryAdmin", "WebhookEndpointAdmin"]
