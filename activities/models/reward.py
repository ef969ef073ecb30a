"""What members spend points on: catalog, orders, vouchers (domain 1.12)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import MemberActivity
from common.actor import Actor
from common.constraints import AppendOnly, CompositeForeignKey
from common.history import AuditedQuerySet
from customers.models import Customer
from gateway.models import Channel
from memberships.models import Membership
from points.models import Posting
from programs.models import DesignModel, PointType, Program, Tier


class RewardKind(models.TextChoices):
    PRODUCT = "product", _("product")
    SERVICE = "service", _("service")
    VOUCHER = "voucher", _("voucher")


class RewardStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    OFFERED = "offered", _("offered")
    WITHDRAWN = "withdrawn", _("withdrawn")


class RewardItemQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "RewardItemQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


class OfPrograms(models.QuerySet[Any]):
    """Rows that belong to a program each."""

    def visible_to(self, actor: Actor) -> "OfPrograms":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


class RewardItem(DesignModel):
    """`face` is what a voucher is worth in the program's currency; `voucher_days` how long it can be used."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="rewards")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    kind = models.CharField(_("kind"), max_length=7, choices=RewardKind.choices, default=RewardKind.PRODUCT)
    status = models.CharField(_("status"), max_length=9, choices=RewardStatus.choices, default=RewardStatus.DRAFT)
    point_type = models.ForeignKey(
        PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    price = models.BigIntegerField(_("price in points"))
    valid_from = models.DateField(_("offered from"), null=True, blank=True)
    valid_until = models.DateField(_("offered until"), null=True, blank=True)
    tier = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("from this tier on"),
    )
    limit_per_member = models.PositiveIntegerField(_("most of a membership"), null=True, blank=True)
    face = models.DecimalField(_("face value"), max_digits=12, decimal_places=2, null=True, blank=True)
    voucher_days = models.PositiveSmallIntegerField(_("voucher valid for days"), null=True, blank=True)

    objects: ClassVar[Any] = RewardItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        ordering = ["program", "price", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="reward_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="reward_id_program"),
            models.CheckConstraint(name="reward_price_positive", condition=Q(price__gt=0)),
            models.CheckConstraint(
                name="reward_voucher_face", condition=~Q(kind="voucher") | Q(face__isnull=False, face__gt=0)
            ),
            models.CheckConstraint(
                name="reward_period",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
            ),
            CompositeForeignKey(
                name="reward_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RewardStock(models.Model):
    """How many are left, apart from the design; no row: as many as asked for."""

    item = models.OneToOneField(RewardItem, on_delete=models.PROTECT, primary_key=True, related_name="stock")
    left = models.PositiveIntegerField(_("left"))

    class Meta:
        verbose_name = _("stock of a reward")
        verbose_name_plural = _("stock of rewards")
        constraints = [models.CheckConstraint(name="reward_stock_not_negative", condition=Q(left__gte=0))]

    def __str__(self) -> str:
        return str(self.left)


class OrderStatus(models.TextChoices):
    ORDERED = "ordered", _("ordered")
    FULFILLED = "fulfilled", _("fulfilled")
    CANCELLED = "cancelled", _("cancelled")


class RewardOrder(models.Model):
    """Points redeemed for a reward, in one transaction with its stock."""

    PERSONAL = ("note",)

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(RewardItem, on_delete=models.PROTECT, related_name="orders", db_constraint=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="orders", db_constraint=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    quantity = models.PositiveIntegerField(_("quantity"))
    points = models.BigIntegerField(_("points"))
    status = models.CharField(_("status"), max_length=9, choices=OrderStatus.choices, default=OrderStatus.ORDERED)
    activity = models.OneToOneField(MemberActivity, on_delete=models.PROTECT, related_name="order")
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="order")
    note = models.CharField(_("note"), max_length=300, blank=True)
    ordered_at = models.DateTimeField(_("ordered at"))
    settled_at = models.DateTimeField(_("fulfilled or cancelled at"), null=True, blank=True)
    settled_why = models.CharField(_("why"), max_length=120, blank=True)
    settled_channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    settled_by_id = models.BigIntegerField(_("fulfilled or cancelled by"), null=True, blank=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    objects = OfPrograms.as_manager()

    class Meta:
        verbose_name = _("reward order")
        verbose_name_plural = _("reward orders")
        ordering = ["-id"]
        indexes = [models.Index(fields=["program", "id"], name="reward_order_open", condition=Q(status="ordered"))]
        constraints = [
            models.CheckConstraint(name="reward_order_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="reward_order_settled",
                condition=Q(status="ordered", settled_at__isnull=True)
                | (~Q(status="ordered") & Q(settled_at__isnull=False)),
            ),
            CompositeForeignKey(
                name="reward_order_item_program",
                fields=["item", "program"],
                to="activities.RewardItem",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="reward_order_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} \u00d7 {self.item}"


class StockMovement(models.Model):
    """What came into stock or left it: with an order, or set by hand with a reason code. They add up to the stock."""

    item = models.ForeignKey(RewardItem, on_delete=models.PROTECT, related_name="stock_movements")
    quantity = models.IntegerField(_("quantity"), help_text=_("Signed: what an order takes is negative."))
    left = models.PositiveIntegerField(_("left afterwards"))
    order = models.ForeignKey(
        RewardOrder,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stock_movements",
        db_index=False,
    )
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("movement of stock")
        verbose_name_plural = _("movements of stock")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="stock_movement_not_zero", condition=~Q(quantity=0)),
            models.UniqueConstraint(
                fields=["order"],
                name="stock_movement_taken_once",
                condition=Q(order__isnull=False, quantity__lt=0),
            ),
            models.UniqueConstraint(
                fields=["order"],
                name="stock_movement_given_back_once",
                condition=Q(order__isnull=False, quantity__gt=0),
            ),
            AppendOnly(name="stock_movement_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+}"
