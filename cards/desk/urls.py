from django.urls import path

from cards.desk import batch_tasks, batches

urlpatterns = [
    path("cards/batches", batches.Batches.as_view(), name="batches"),
    path("cards/batches/new", batch_tasks.AskForBatch.as_view(), name="batch-new"),
    path("cards/batches/<int:pk>", batches.Batch.as_view(), name="batch"),
    path("cards/batches/<int:pk>/download", batches.BatchDownload.as_view(), name="batch-download"),
    path("cards/batches/<int:pk>/revoke", batch_tasks.RevokeBatch.as_view(), name="batch-revoke"),
]
