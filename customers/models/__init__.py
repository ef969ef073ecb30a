from customers.models.customer import Customer, CustomerKind, CustomerNumber, CustomerStatus
from customers.models.details import (
    Address,
    AddressKind,
    ContactPreference,
    Identification,
    IdentificationKind,
    PreferenceChannel,
)
from customers.models.staff import StaffCustomer

__all__ = [
    "Address",
    "AddressKind",
    "ContactPreference",
    "Customer",
    "CustomerKind",
    "CustomerNumber",
    "CustomerStatus",
    "Identification",
    "IdentificationKind",
    "PreferenceChannel",
    "StaffCustomer",
]
