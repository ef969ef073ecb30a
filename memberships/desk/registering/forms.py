"""What the desk asks for a registration: a proof where one is needed, the terms where the card makes a membership."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import offer
from memberships.models import ProofKind
from memberships.proofs import REFERENCE_LENGTH
from programs.models import ProgramTerms

CODE, RECEIPT, IN_STORE = ProofKind.CODE.value, ProofKind.RECEIPT.value, ProofKind.IN_STORE.value
PROOFS = (
    (CODE, gettext_lazy("The code under the scratch field")),
    (RECEIPT, gettext_lazy("A receipt of a purchase with this card")),
    (IN_STORE, gettext_lazy("The card was shown in a store")),
)


class RegisterForm(forms.Form):
    """`number` and `customer` are chosen before and carried along."""

    number = forms.CharField(widget=forms.HiddenInput)
    customer = forms.IntegerField(widget=forms.HiddenInput)
    proof_kind = forms.ChoiceField(label=gettext_lazy("What proves that the card is theirs"), widget=forms.RadioSelect)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        error_messages={"required": gettext_lazy("Read the code from the card.")},
        help_text=gettext_lazy("Eight letters and digits."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    proof_reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=REFERENCE_LENGTH,
        error_messages={"required": gettext_lazy("Say where the proof can be found again.")},
        help_text=gettext_lazy("Number of the receipt and day, or the store and who saw the card."),
    )
    accept_terms = forms.BooleanField(required=False)

    def __init__(self, *args: Any, proof: bool = False, terms: ProgramTerms | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.proof, self.terms = proof, terms
        if proof:
            offer(self, "proof_kind", PROOFS)
            chosen = self.data.get("proof_kind", "") if self.is_bound else ""
            self.fields["code"].required = chosen in ("", CODE)
            self.fields["proof_reference"].required = chosen != CODE
        else:
            for name in ("proof_kind", "code", "proof_reference"):
                del self.fields[name]
        if terms is None:
            del self.fields["accept_terms"]
        else:
            must, may = _("The customer accepted the terms"), _("The customer accepted the terms (not needed)")
            self.fields["accept_terms"].label = must if terms.must_accept else may

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.terms is not None and self.terms.must_accept and not given.get("accept_terms"):
            self.add_error("accept_terms", _("Read the terms to the customer and have them accepted."))
        return given


def asked(given: dict[str, Any]) -> dict[str, Any]:
    """What the verb takes, from the values of a valid form."""
    kind = given.get("proof_kind", "")
    seen = kind in (RECEIPT, IN_STORE)
    return {
        "code": given.get("code", "") if kind == CODE else "",
        "proof_kind": kind if seen else ProofKind.NONE,
        "proof_reference": given.get("proof_reference", "") if seen else "",
        "accept_terms": given.get("accept_terms", False),
    }
