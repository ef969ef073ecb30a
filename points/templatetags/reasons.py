"""Reasons of postings in templates: words instead of the codes the ledger keeps."""

from django import template

from points.reasons import reason_in_words

register = template.Library()
register.filter("reason", reason_in_words)
