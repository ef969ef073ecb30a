"""One name per choices class in the OpenAPI document: fields that share choices would get made-up names."""

CLASSES = (
    "activities.models.ClaimStatus",
    "activities.models.OrderStatus",
    "activities.models.RewardKind",
    "activities.models.TransactionType",
    "activities.models.VoucherStatus",
    "cards.models.CardKind",
    "cards.models.CardStatus",
    "customers.models.CustomerKind",
    "customers.models.CustomerStatus",
    "memberships.models.ChangeBasis",
    "memberships.models.ChangeKind",
    "memberships.models.ChangeStatus",
    "memberships.models.ConsentMethod",
    "memberships.models.ConsentStatus",
    "memberships.models.EndReason",
    "memberships.models.InvitationKind",
    "memberships.models.MembershipStatus",
    "memberships.models.MembershipType",
    "points.models.HoldStatus",
    "points.models.PostingKind",
    "programs.models.ExpiryPolicy",
    "programs.models.PointKind",
    "programs.models.ProgramStatus",
    "programs.models.SplitPolicy",
)
ENUM_NAMES = {path.rpartition(".")[2]: path for path in CLASSES} | {
    "TakenTransactionType": "activities.api.transaction_shapes.TAKEN_TYPES"
}
