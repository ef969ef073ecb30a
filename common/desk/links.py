"""Addresses of desk pages by their names; apps below know where to send people without importing upward."""

from django.urls import reverse


def page_of(name: str, pk: int | None = None) -> str:
    return reverse(f"desk:{name}", args=[] if pk is None else [pk])
