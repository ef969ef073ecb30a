"""Pages and tasks of sales, returns and claims."""

from django.urls import URLPattern, path

from activities.desk import claims, returning, sales

urlpatterns: list[URLPattern] = [
    path("customers/<int:pk>/transactions", sales.CustomerTransactions.as_view(), name="transactions"),
    path("transactions/<int:pk>", sales.TransactionPage.as_view(), name="transaction"),
    path("transactions/<int:pk>/return", returning.ReturnSale.as_view(), name="return-sale"),
    path("changes/<int:pk>/receipts", sales.ChangeReceipts.as_view(), name="change-receipts"),
    path("claims", claims.Claims.as_view(), name="claims"),
    path("claims/<int:pk>", claims.DecideClaim.as_view(), name="claim"),
    path("memberships/<int:pk>/claim", claims.NewClaim.as_view(), name="claim-new"),
]
