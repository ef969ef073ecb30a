from customers.models.customer import Customer, CustomerKind, CustomerNumber, CustomerStatus
from customers.models.details import (
    Address,
    AddressKind,
    ContactPreference,
    Identification,
    IdentificationKind,
    PreferenceChannel,
)
from customers.models.duplicate import DuplicateCustomer, DuplicateStatus
from customers.models.message import Message, MessagePurpose, MessageStatus
from customers.models.staff import StaffCustomer

__all__ = [
    "Address",
    "AddressKind",
    "ContactPreference",
    "Customer",
    "CustomerKind",
    "CustomerNumber",
    "CustomerStatus",
    "DuplicateCustomer",
    "DuplicateStatus",
    "Identification",
    "IdentificationKind",
    "Message",
    "MessagePurpose",
    "MessageStatus",
    "PreferenceChannel",
    "StaffCustomer",
]
