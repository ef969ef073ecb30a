"""Addresses of desk pages by what they show; apps below know where to send people without importing upward."""

PATHS = {
    "search": "/desk/search",
    "customer": "/desk/customers/{}",
    "membership": "/desk/memberships/{}",
    "posting": "/desk/postings/{}",
    "adjustments": "/desk/work/adjustments",
}


def page_of(name: str, pk: int | None = None) -> str:
    return PATHS[name].format(pk)
