from gateway.models.channel import Channel, ChannelProgram
from gateway.models.event import Event, EventHorizon, EventNumber
from gateway.models.idempotency import IdempotencyRecord, Throttle

__all__ = [
    "Channel",
    "ChannelProgram",
    "Event",
    "EventHorizon",
    "EventNumber",
    "IdempotencyRecord",
    "Throttle",
]
