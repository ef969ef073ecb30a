"""The map of the desk: every app brings its own pages, all under the one name `desk`."""

from django.urls import path

from activities.desk.awards.urls import urlpatterns as awards
from activities.desk.notices.urls import urlpatterns as notices
from activities.desk.report_urls import urlpatterns as reports
from activities.desk.rewards.urls import urlpatterns as rewards
from activities.desk.task_urls import urlpatterns as tasks_of_points
from activities.desk.urls import urlpatterns as activities
from cards.desk.urls import urlpatterns as cards
from common.desk.urls import urlpatterns as common
from customers.desk.task_urls import urlpatterns as tasks_of_customers
from customers.desk.urls import urlpatterns as customers
from loyalty_site.desk.exports import Exports
from loyalty_site.desk.home import Home
from loyalty_site.desk.imports import ImportFile, ImportRefused, Imports
from memberships.desk.task_urls import urlpatterns as tasks_of_memberships
from memberships.desk.urls import urlpatterns as memberships

app_name = "desk"
own = [
    path("", Home.as_view(), name="home"),
    path("imports", Imports.as_view(), name="imports"),
    path("imports/<str:token>", ImportFile.as_view(), name="import"),
    path("imports/<str:token>/refused.csv", ImportRefused.as_view(), name="import-refused"),
    path("exports", Exports.as_view(), name="exports"),
]
urlpatterns = [
    *own, *common, *customers, *cards, *memberships, *activities, *reports, *rewards, *awards, *notices,
    *tasks_of_customers, *tasks_of_memberships, *tasks_of_points,
]  # fmt: skip
