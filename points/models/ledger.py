"""The ledger: postings and their signed entries, append-only (domain 1.6)."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly, CompositeForeignKey
from customers.models import Customer
from gateway.models import Channel
from points.models.account import PointAccount, PointAccountSet
from programs.models import Program


class PostingKind(models.TextChoices):
    EARN = "earn", _("earned")
    REDEEM = "redeem", _("redeemed")
    CAPTURE = "capture", _("captured")
    EXPIRE = "expire", _("expired")
    TRANSFER = "transfer", _("transferred")
    DONATE = "donate", _("donated")
    CONVERT = "convert", _("converted")
    ADJUST = "adjust", _("adjusted")
    REVERSE = "reverse", _("reversed")
    MERGE = "merge", _("merged")
    SPLIT = "split", _("split")
    UNDO = "undo", _("undone")
    OPENING = "opening", _("opening balance")


class Posting(models.Model):
    """One ledger event. `part` counts the reversals of a posting 1, 2, 3 ...; `key_digest` is that of the
    Idempotency-Key and stays unique for ever with its channel and `ordinal`."""

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.CharField(_("kind"), max_length=8, choices=PostingKind.choices)
    for_set = models.ForeignKey(
        PointAccountSet, on_delete=models.PROTECT, related_name="postings", db_constraint=False, db_index=False
    )
    person = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="postings",
        verbose_name=_("person"),
        db_index=False,
    )
    cause_kind = models.CharField(_("cause"), max_length=12)
    cause_id = models.BigIntegerField(_("cause id"))
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals", db_index=False
    )
    part = models.SmallIntegerField(_("part"), null=True, blank=True)
    key_digest = models.BinaryField(_("key digest"), max_length=16, null=True, blank=True)
    ordinal = models.SmallIntegerField(_("ordinal"), default=0)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["for_set", "id"], name="posting_set"),
            BrinIndex(fields=["recorded_at"], name="posting_recorded_at", autosummarize=True),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "key_digest", "ordinal"],
                name="posting_key_once",
                condition=Q(key_digest__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["reverses", "part"], name="posting_reversed_part_once", condition=Q(reverses__isnull=False)
            ),
            models.CheckConstraint(
                name="posting_reverse_names_posting",
                condition=Q(kind="reverse", reverses__isnull=False, part__isnull=False)
                | (~Q(kind="reverse") & Q(reverses__isnull=True, part__isnull=True)),
            ),
            CompositeForeignKey(
                name="posting_set_program",
                fields=["for_set", "program"],
                to="points.PointAccountSet",
                to_fields=["id", "program"],
            ),
            AppendOnly(name="posting_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Entry(models.Model):
    """A posting's signed line on one account; `number` counts the account's entries without a gap."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    account = models.ForeignKey(
        PointAccount, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField(_("number"))
    amount = models.BigIntegerField(_("amount"))
    balance_after = models.BigIntegerField(_("balance after"))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["account", "number"]
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="entry_number_once"),
            models.CheckConstraint(name="entry_not_zero", condition=~Q(amount=0)),
            CompositeForeignKey(
                name="entry_account_program",
                fields=["account", "program"],
                to="points.PointAccount",
                to_fields=["id", "program"],
            ),
            AppendOnly(name="entry_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+d} → {self.balance_after}"
