from django.urls import URLPattern

from memberships.desk.cards.urls import urlpatterns as cards
from memberships.desk.changes.urls import urlpatterns as changes

urlpatterns: list[URLPattern] = [*changes, *cards]
