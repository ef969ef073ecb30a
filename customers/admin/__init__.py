"""Customers in the back office: every change goes through its verb, every refusal becomes a message."""

from .customer import CustomerAdmin
from .details import AddressAdmin, ContactPreferenceAdmin, IdentificationAdmin
from .duplicates import DuplicateCustomerAdmin
from .messages import MessageAdmin
from .staff import StaffCustomerAdmin

__all__ = [
    "AddressAdmin",
    "ContactPreferenceAdmin",
    "CustomerAdmin",
    "DuplicateCustomerAdmin",
    "IdentificationAdmin",
    "MessageAdmin",
    "StaffCustomerAdmin",
]
