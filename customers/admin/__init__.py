"""Customers in the back office: every change goes through its verb, every refusal becomes a message."""

from .affiliations import AffiliationAdmin, EmployeeGroupAdmin
from .customer import CustomerAdmin
from .details import AddressAdmin, ContactPreferenceAdmin, IdentificationAdmin
from .duplicates import DuplicateCustomerAdmin
from .messages import MessageAdmin
from .staff import StaffCustomerAdmin

__all__ = [
    "AddressAdmin",
    "AffiliationAdmin",
    "ContactPreferenceAdmin",
    "CustomerAdmin",
    "DuplicateCustomerAdmin",
    "EmployeeGroupAdmin",
    "IdentificationAdmin",
    "MessageAdmin",
    "StaffCustomerAdmin",
]
