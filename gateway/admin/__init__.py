"""Channels and the feed in the back office."""

from .channel import ChannelAdmin, ChannelProgramAdmin
from .event import EventAdmin

__all__ = ["ChannelAdmin", "ChannelProgramAdmin", "EventAdmin"]
