from django.urls import URLPattern, path

from memberships.desk.cards import acting, front, giving, losing, playbook

urlpatterns: list[URLPattern] = [
    path("cards/<card:number>/report", losing.Report.as_view(), name="card-report"),
    path("cards/<card:number>/replace", acting.Replace.as_view(), name="card-replace"),
    path("cards/<card:number>/activate", acting.Activate.as_view(), name="card-activate"),
    path("cards/<card:number>/block", acting.Block.as_view(), name="card-block"),
    path("cards/<card:number>/unblock", acting.Unblock.as_view(), name="card-unblock"),
    path("cards/<card:number>/cancel", acting.Cancel.as_view(), name="card-cancel"),
    path("cards/<card:number>/front", front.Front.as_view(), name="card-front"),
    path("cards/<card:number>/qr.svg", front.QrImage.as_view(), name="card-qr"),
    path("cards/<card:number>/barcode.svg", front.BarcodeImage.as_view(), name="card-barcode"),
    path("memberships/<int:pk>/give-card", giving.GiveCard.as_view(), name="give-card"),
    path("playbooks/lost-card", playbook.LostCard.as_view(), name="playbook-lost-card"),
]
