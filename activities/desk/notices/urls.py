from django.urls import path

from activities.desk.notices.listing import Notices
from activities.desk.notices.writing import WriteText
from activities.desk.runs import Runs

urlpatterns = [
    path("notices", Notices.as_view(), name="notices"),
    path("programs/<slug:code>/notices/<slug:notice>/<slug:language>", WriteText.as_view(), name="notice-text"),
    path("runs", Runs.as_view(), name="runs"),
]
