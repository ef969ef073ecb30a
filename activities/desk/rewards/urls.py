"""Pages and tasks around rewards."""

from django.urls import path

from activities.desk.rewards import pages, tasks, voucher_tasks

urlpatterns = [
    path("rewards", pages.Catalog.as_view(), name="rewards"),
    path("orders", pages.OpenOrders.as_view(), name="orders"),
    path("orders/<int:pk>", pages.OrderPage.as_view(), name="order"),
    path("orders/<int:pk>/cancel", tasks.CancelOrder.as_view(), name="order-cancel"),
    path("orders/<int:pk>/fulfil", tasks.FulfilOrder.as_view(), name="order-fulfil"),
    path("memberships/<int:pk>/order", tasks.OrderReward.as_view(), name="order-reward"),
    path("vouchers/<int:pk>", pages.VoucherPage.as_view(), name="voucher"),
    path("vouchers/<int:pk>/use", voucher_tasks.UseVoucher.as_view(), name="voucher-use"),
    path("vouchers/<int:pk>/give-back", voucher_tasks.GiveBack.as_view(), name="voucher-give-back"),
    path("vouchers/<int:pk>/cancel", voucher_tasks.CancelVoucher.as_view(), name="voucher-cancel"),
]
