from django.urls import URLPattern

from memberships.desk.cards.urls import urlpatterns as cards
from memberships.desk.changes.urls import urlpatterns as changes
from memberships.desk.organizations.urls import urlpatterns as organizations
from memberships.desk.registering.urls import urlpatterns as registering

urlpatterns: list[URLPattern] = [*changes, *registering, *organizations, *cards]
