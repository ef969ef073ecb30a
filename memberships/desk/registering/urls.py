from django.urls import URLPattern, path

from memberships.desk.registering.playbook import FoundCard
from memberships.desk.registering.register import RegisterCard
from memberships.desk.registering.withdrawing import WithdrawRegistration

urlpatterns: list[URLPattern] = [
    path("cards/register", RegisterCard.as_view(), name="register-card"),
    path(
        "cards/registrations/<int:pk>/withdraw",
        WithdrawRegistration.as_view(),
        name="registration-withdraw",
    ),
    path("playbooks/found-card", FoundCard.as_view(), name="playbook-found-card"),
]
