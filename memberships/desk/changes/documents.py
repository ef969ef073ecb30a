"""The file of a consent document, for who works on consents; that it was opened is written down."""

from django.http import Http404, HttpRequest, HttpResponse

from common.desk.pages import DeskPage
from common.errors import NotFound
from memberships.changes.documents import open_document
from memberships.desk.changes.base import CONSENT
from memberships.models import ConsentDocument


class DocumentFile(DeskPage):
    action = CONSENT
    section = "changes"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Always saved, never shown in the page: the file came from outside."""
        document = ConsentDocument.objects.select_related("consent").filter(pk=pk).first()
        programs = self.actor.programs
        if document is None or (programs is not None and document.program_id not in programs):
            raise Http404
        self.allow(document.program_id)
        try:
            opened = open_document(document, actor=self.actor)
        except NotFound as error:
            raise Http404 from error
        response = HttpResponse(opened.content, content_type=opened.content_type)
        response["Content-Disposition"] = f'attachment; filename="{opened.name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response
