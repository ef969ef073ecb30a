"""Reports about a program's points."""

from django.urls import path

from activities.desk import analytics, forecasts, liability

urlpatterns = [
    path("reports/liability", liability.LiabilityPage.as_view(), name="liability"),
    path("reports/liability.csv", liability.LiabilitySheet.as_view(), name="liability-csv"),
    path("reports/liability/entries", liability.LiabilityEntriesPage.as_view(), name="liability-entries"),
    path("reports/expiry", forecasts.ForecastPage.as_view(), name="expiry-forecast"),
    path("reports/analytics", analytics.Analytics.as_view(), name="analytics"),
    path("reports/analytics.csv", analytics.AnalyticsSheet.as_view(), name="analytics-csv"),
    path("reports/analytics/customers.csv", analytics.CustomersSheet.as_view(), name="analytics-customers"),
    path("reports/analytics/missing.csv", analytics.MissingSheet.as_view(), name="analytics-missing"),
    path("reports/expiry.csv", forecasts.ForecastSheet.as_view(), name="expiry-forecast-csv"),
]
