from django.urls import URLPattern, path

from memberships.desk.changes import acting, playbooks
from memberships.desk.changes.choosing import NewChange
from memberships.desk.changes.documents import DocumentFile
from memberships.desk.changes.editing import Again, EditTerms
from memberships.desk.changes.fairness import FairnessPage
from memberships.desk.changes.listing import Changes
from memberships.desk.changes.members import HandOver, ReinstateMember, SuspendMember
from memberships.desk.changes.page import Change
from memberships.desk.changes.undoing import UndoChange

urlpatterns: list[URLPattern] = [
    path("changes", Changes.as_view(), name="changes"),
    path("changes/new", NewChange.as_view(), name="change-new"),
    path("changes/<int:pk>", Change.as_view(), name="change"),
    path("changes/<int:pk>/terms", EditTerms.as_view(), name="change-terms"),
    path("changes/<int:pk>/again", Again.as_view(), name="change-again"),
    path("changes/<int:pk>/propose", acting.Propose.as_view(), name="change-propose"),
    path("changes/<int:pk>/refresh", acting.Refresh.as_view(), name="change-refresh"),
    path("changes/<int:pk>/ask", acting.Ask.as_view(), name="change-ask"),
    path("changes/<int:pk>/consent", acting.Record.as_view(), name="change-consent"),
    path("changes/<int:pk>/document", acting.RecordDocument.as_view(), name="change-document"),
    path("changes/<int:pk>/confirm", acting.Confirm.as_view(), name="change-confirm"),
    path("changes/<int:pk>/turn-down", acting.TurnDown.as_view(), name="change-turn-down"),
    path("changes/<int:pk>/withdraw", acting.Withdraw.as_view(), name="change-withdraw"),
    path("changes/<int:pk>/carry-out", acting.CarryOut.as_view(), name="change-carry-out"),
    path("changes/<int:pk>/undo", UndoChange.as_view(), name="change-undo"),
    path("changes/documents/<int:pk>", DocumentFile.as_view(), name="change-file"),
    path("memberships/<int:pk>/fairness", FairnessPage.as_view(), name="fairness"),
    path("memberships/<int:pk>/hand-over", HandOver.as_view(), name="hand-over"),
    path("memberships/<int:pk>/suspend-member", SuspendMember.as_view(), name="suspend-member"),
    path("memberships/<int:pk>/reinstate-member", ReinstateMember.as_view(), name="reinstate-member"),
    path("playbooks/divorce", playbooks.Divorce.as_view(), name="playbook-divorce"),
    path("playbooks/deceased", playbooks.Deceased.as_view(), name="playbook-deceased"),
]
