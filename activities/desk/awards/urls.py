"""Pages and tasks around bulk awards."""

from django.urls import path

from activities.desk.awards import pages, tasks

urlpatterns = [
    path("awards", pages.Awards.as_view(), name="awards"),
    path("awards/new", pages.NewAward.as_view(), name="award-new"),
    path("awards/<int:pk>", pages.AwardPage.as_view(), name="award"),
    path("awards/<int:pk>/send", tasks.Submit.as_view(), name="award-submit"),
    path("awards/<int:pk>/discard", tasks.Discard.as_view(), name="award-discard"),
    path("awards/<int:pk>/decide", tasks.Decide.as_view(), name="award-decide"),
]
