"""The map of the desk: every app brings its own pages, all under the one name `desk`."""

from django.urls import path

from activities.desk.report_urls import urlpatterns as reports
from activities.desk.task_urls import urlpatterns as tasks_of_points
from activities.desk.urls import urlpatterns as activities
from common.desk.urls import urlpatterns as common
from customers.desk.task_urls import urlpatterns as tasks_of_customers
from customers.desk.urls import urlpatterns as customers
from loyalty_site.desk.home import Home
from memberships.desk.task_urls import urlpatterns as tasks_of_memberships
from memberships.desk.urls import urlpatterns as memberships

app_name = "desk"
own = [
    path("", Home.as_view(), name="home"),
]
urlpatterns = [
    *own, *common, *customers, *memberships, *activities, *reports,
    *tasks_of_customers, *tasks_of_memberships, *tasks_of_points,
]  # fmt: skip
