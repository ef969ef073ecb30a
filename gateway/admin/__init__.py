"""Channels and the feed in the back office."""

from .channel import ChannelAdmin
from .event import EventAdmin

__all__ = ["ChannelAdmin", "EventAdmin"]
