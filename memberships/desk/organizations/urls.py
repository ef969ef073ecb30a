from django.urls import URLPattern, path

from memberships.desk.organizations import agreements, applying, leaving, opening
from memberships.desk.organizations.agreement_page import AgreementPage
from memberships.desk.organizations.page import OrganizationPage
from memberships.desk.organizations.playbook import EmployeeLeft

urlpatterns: list[URLPattern] = [
    path("organizations/<int:pk>", OrganizationPage.as_view(), name="organization"),
    path("customers/<int:pk>/open-organization", opening.OpenOrganization.as_view(), name="open-organization"),
    path("memberships/<int:pk>/signatories/new", opening.AddSignatory.as_view(), name="signatory-add"),
    path("signatories/<int:pk>/end", opening.EndSignatory.as_view(), name="signatory-end"),
    path("memberships/<int:pk>/agreements/new", agreements.NewAgreement.as_view(), name="agreement-new"),
    path("agreements/<int:pk>", AgreementPage.as_view(), name="agreement"),
    path("agreements/<int:pk>/amend", agreements.Amend.as_view(), name="agreement-amend"),
    path("agreements/<int:pk>/end", agreements.EndAgreement.as_view(), name="agreement-end"),
    path("agreements/<int:pk>/cancel", agreements.CancelAgreement.as_view(), name="agreement-cancel"),
    path("agreements/<int:pk>/apply", applying.ApplyAgain.as_view(), name="agreement-apply"),
    path("memberships/<int:pk>/leave-organization", leaving.LeaveOrganization.as_view(), name="leave-organization"),
    path("memberships/<int:pk>/leave-all", leaving.LeaveAll.as_view(), name="leave-all"),
    path("playbooks/employee-left", EmployeeLeft.as_view(), name="playbook-employee-left"),
]
