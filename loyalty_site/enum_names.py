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
    "memberships.models.LabelSource",
    "memberships.models.MembershipStatus",
    "memberships.models.MembershipType",
    "memberships.models.StandingSource",
    "points.models.HoldStatus",
    "points.models.PostingKind",
    "programs.models.AttributeType",
    "programs.models.ExpiryPolicy",
    "programs.models.FedBy",
    "programs.models.PointKind",
    "programs.models.ProgramStatus",
    "programs.models.SplitPolicy",
    "programs.models.TierPeriod",
)
ENUM_NAMES = {path.rpartition(".")[2]: path for path in CLASSES} | {
    "TakenTransactionType": "activities.api.transaction_shapes.TAKEN_TYPES"
}
