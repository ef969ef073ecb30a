from customers.models.customer import Customer, CustomerKind, CustomerNumber, CustomerStatus
from customers.models.details import Address, ContactPreference, Identification, PreferenceChannel
from customers.models.staff import StaffCustomer

__all__ = [
    "Address",
    "ContactPreference",
    "Customer",
    "CustomerKind",
    "CustomerNumber",
    "CustomerStatus",
    "Identification",
    "PreferenceChannel",
    "StaffCustomer",
]
