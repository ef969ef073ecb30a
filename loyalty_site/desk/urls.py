"""The map of the desk: every app brings its own pages, all under the one name `desk`."""

from activities.desk.urls import urlpatterns as activities
from customers.desk.urls import urlpatterns as customers
from memberships.desk.urls import urlpatterns as memberships

app_name = "desk"
urlpatterns = [*customers, *memberships, *activities]
