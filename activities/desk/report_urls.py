"""Reports about a program's points."""

from django.urls import path

from activities.desk import forecasts, liability

urlpatterns = [
    path("reports/liability", liability.LiabilityPage.as_view(), name="liability"),
    path("reports/liability.csv", liability.LiabilitySheet.as_view(), name="liability-csv"),
    path("reports/liability/entries", liability.LiabilityEntriesPage.as_view(), name="liability-entries"),
    path("reports/expiry", forecasts.ForecastPage.as_view(), name="expiry-forecast"),
    path("reports/expiry.csv", forecasts.ForecastSheet.as_view(), name="expiry-forecast-csv"),
]
