"""What the page sends back: the answer, and the digest of the terms it was given to."""

from django import forms

from memberships.changes.answering import STARTS


class AnswerForm(forms.Form):
    decision = forms.ChoiceField(choices=[(one, one) for one in STARTS])
    digest = forms.RegexField(r"^[0-9a-f]{64}$")
