from customers.models.affiliation import Affiliation, EmployeeGroup
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
    "Affiliation",
    "ContactPreference",
    "Customer",
    "CustomerKind",
    "CustomerNumber",
    "CustomerStatus",
    "DuplicateCustomer",
    "DuplicateStatus",
    "EmployeeGroup",
    "Identification",
    "IdentificationKind",
    "Message",
    "MessagePurpose",
    "MessageStatus",
    "PreferenceChannel",
    "StaffCustomer",
]
