"""Tasks about batches of cards: ask for one, revoke one."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards.batch_figures import figures_of
from cards.batch_file import MANAGE
from cards.batches import LONGEST_NAME, MOST, MOST_MONTHS, ask_for_batch, ends_on, revoke_batch
from cards.models import BatchStatus, CardBatch, CardKind, CardType
from common.desk.fields import ReasonField, offer
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import day, figure
from programs.models import Program, ProgramStatus


class BatchForm(forms.Form):
    program = forms.ChoiceField(label=gettext_lazy("Program"))
    name = forms.CharField(
        label=gettext_lazy("Name of the batch"),
        help_text=gettext_lazy(
            "Unique in the program, as “Spring fair 2027”. Asking again under it makes nothing new."
        ),
        max_length=LONGEST_NAME,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    count = forms.IntegerField(
        label=gettext_lazy("How many cards"),
        min_value=1,
        max_value=MOST,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "number"}),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        help_text=gettext_lazy("The last day, or else the months below: one of the two."),
        required=False,
        widget=forms.DateInput({"type": "date"}),
    )
    valid_months = forms.IntegerField(
        label=gettext_lazy("Valid for months"),
        help_text=gettext_lazy("From today, in the program's time zone."),
        required=False,
        min_value=1,
        max_value=MOST_MONTHS,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "number"}),
    )
    card_type = forms.ModelChoiceField(
        label=gettext_lazy("Card type"),
        help_text=gettext_lazy("Left open: the program's usual one for temporary cards."),
        required=False,
        queryset=CardType.objects.none(),
    )

    def __init__(self, *args: Any, programs: Sequence[Program], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "program", [(one.code, one.name) for one in programs])
        types: Any = self.fields["card_type"]
        types.queryset = CardType.objects.filter(program__in=programs, kind=CardKind.TEMPORARY)
        types.label_from_instance = _of_program
        if not types.queryset.exists():
            del self.fields["card_type"]


class AskForBatch(TaskPage):
    action = MANAGE
    section = "batches"
    title = gettext_lazy("New batch of cards")
    what = gettext_lazy(
        "Makes temporary cards to be handed out: whoever uses one for the first time gets an anonymous membership, "
        "and may register it later. The cards are made in the background; their file can be downloaded once."
    )
    confirm = gettext_lazy("Ask for the batch")
    form_class = BatchForm

    @cached_property
    def programs(self) -> list[Program]:
        released = Program.objects.visible_to(self.actor).filter(status=ProgramStatus.RELEASED).order_by("name", "pk")
        return [one for one in released if self.may(MANAGE, one.pk)]

    def load(self, **kwargs: Any) -> None:
        code = self.request.POST.get("program") or self.request.GET.get("program")
        if code is None:
            self.program = self.programs[0] if len(self.programs) == 1 else None
            return
        self.program = Program.objects.visible_to(self.actor).filter(code=code).first()
        if self.program is None:
            raise Http404
        self.allow_program(self.program.pk)

    def obstacles(self) -> Sequence[str]:
        if not self.programs:
            return [_("None of your programs is released: only a released program gives out cards.")]
        if self.program is not None and self.program not in self.programs:
            names = {"program": self.program.name, "status": self.program.get_status_display()}
            return [_("%(program)s is %(status)s: only a released program gives out cards.") % names]
        return []

    def initial(self) -> dict[str, Any]:
        return {"program": self.program.code} if self.program is not None else {}

    def form_options(self) -> dict[str, Any]:
        return {"programs": self.programs}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        program = next(one for one in self.programs if one.code == given.pop("program"))
        known = CardBatch.objects.filter(program=program, name=given["name"]).exists()
        batch = ask_for_batch(program, actor=self.actor, **given)
        if known:
            return Outcome([_("This batch was asked for already: nothing new is made.")], {"batch": batch.pk})
        facts = {"count": figure(batch.count), "day": day(ends_on(batch)), "program": program.name}
        says = [
            ngettext(
                "%(count)s temporary card of %(program)s is made, valid until %(day)s.",
                "%(count)s temporary cards of %(program)s are made, valid until %(day)s.",
                batch.count,
            )
            % facts,
            _("Each gets a number that was never given out before, and a code under its scratch field."),
        ]
        return Outcome(says, {"batch": batch.pk})

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            Way(_("See how far it is"), page_of("batch", facts["batch"]), main=True),
            Way(_("All batches"), page_of("batches")),
        ]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the batches"), page_of("batches"))]


class RevokeForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("File lost"), gettext_lazy("Misprinted"), gettext_lazy("Stolen")))


class RevokeBatch(TaskPage):
    action = MANAGE
    section = "batches"
    title = gettext_lazy("Revoke a batch")
    what = gettext_lazy(
        "Bars every card of the batch that was not used yet, at once and for good. Cards in use, and the points on "
        "them, stay."
    )
    confirm = gettext_lazy("Revoke the batch")
    for_ever = True
    form_class = RevokeForm
    batch: CardBatch

    def load(self, **kwargs: Any) -> None:
        found = CardBatch.objects.visible_to(self.actor).filter(pk=kwargs["pk"]).select_related("program").first()
        if found is None:
            raise Http404
        self.batch, self.program = found, found.program
        self.allow_program(found.program_id)
        self.subject = _("Batch %(name)s") % {"name": found.name}

    def obstacles(self) -> Sequence[str]:
        if self.batch.status == BatchStatus.REVOKED:
            return [_("This batch was revoked already.")]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        now = figures_of(self.batch)
        batch = revoke_batch(self.batch, actor=self.actor, reason=given["reason"])
        says = [
            ngettext(
                "%(count)s unused card is refused from now on, and cancelled.",
                "%(count)s unused cards are refused from now on, and cancelled.",
                now.unused,
            )
            % {"count": figure(now.unused)}
        ]
        if now.used:
            says.append(
                ngettext("%(count)s card in use stays.", "%(count)s cards in use stay.", now.used)
                % {"count": figure(now.used)}
            )
        if batch.made < batch.count:
            says.append(_("No more cards are made of it."))
        return Outcome(says, {"batch": batch.pk})

    def figures(self) -> Sequence[Figure]:
        batch = CardBatch.objects.select_related("program").get(pk=self.batch.pk)
        now = figures_of(batch)
        # The worker cancels the rest of a large batch; refused are all of them at once.
        unused = 0 if batch.status == BatchStatus.REVOKED else now.unused
        return [
            Figure("status", _("Status"), batch.get_status_display()),
            Figure("used", _("Cards in use"), now.used),
            Figure("unused", _("Unused cards that work"), unused),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("The batch"), page_of("batch", facts["batch"]), main=True)]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the batch"), page_of("batch", self.batch.pk))]


def _of_program(card_type: CardType) -> str:
    return f"{card_type.name} · {card_type.program.name}"
