from gateway.models.channel import Channel, ChannelProgram
from gateway.models.event import Event, EventHorizon, EventNumber
from gateway.models.idempotency import IdempotencyRecord, Throttle
from gateway.models.webhook import DeliveryStatus, WebhookDelivery, WebhookEndpoint

__all__ = [
    "Channel",
    "ChannelProgram",
    "DeliveryStatus",
    "Event",
    "EventHorizon",
    "EventNumber",
    "IdempotencyRecord",
    "Throttle",
    "WebhookDelivery",
    "WebhookEndpoint",
]
