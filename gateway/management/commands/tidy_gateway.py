"""What the door for systems leaves behind."""

from typing import Any

from django.core.management.base import BaseCommand
from oauth2_provider.models import clear_expired

from gateway.idempotency import forget_old_answers
from gateway.numbering import number_all_waiting_events
from gateway.throttling import forget_old_windows
from gateway.webhooks import forget_done_deliveries


class Command(BaseCommand):
    help = (
        "Number events nobody has read yet, and delete what is past its time: stored answers of repeated requests "
        "(their keys stay on the ledger), counters of requests, expired tokens, webhooks' deliveries that arrived 30 "
        "days ago. Run it every hour; it can be interrupted, started again and run twice."
    )

    def handle(self, **options: Any) -> None:
        events, answers, counters = number_all_waiting_events(), forget_old_answers(), forget_old_windows()
        deliveries = forget_done_deliveries()
        clear_expired()
        self.stdout.write(
            f"{events} events numbered, {answers} answers, {counters} counters and {deliveries} deliveries deleted."
        )
