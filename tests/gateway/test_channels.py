"""Channels: the built-in ones, their secrets, their tokens."""

import base64
import json
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, RefreshToken

from common.actor import Actor
from gateway.channels import (
    UnknownScope,
    built_in_channel_id,
    create_channel,
    make_built_in_channels,
    renew_secret,
    system_actor,
)
from gateway.models import Channel, ChannelProgram, Event
from programs.models import Program

pytestmark = pytest.mark.django_db


def ask(client_id: str, secret: str, **form: str) -> Any:
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    form = {"grant_type": "client_credentials"} | form
    return Client().post("/oauth/token", form, headers={"Authorization": f"Basic {basic}"})


@pytest.fixture
def shop(city_air: Program) -> tuple[Channel, str]:
    return create_channel(
        "web-shop",
        name="Web shop",
        scopes=["points:redeem", "points:earn"],
        actor=system_actor(),
        programs=[city_air],
    )


def test_desk_and_system_stand_under_their_reserved_ids() -> None:
    built_in = Channel.objects.filter(built_in=True).order_by("pk")
    assert list(built_in.values_list("pk", "code")) == [(1, "desk"), (2, "system")]
    assert (built_in_channel_id("desk"), built_in_channel_id("system")) == (1, 2)


def test_making_the_built_in_channels_again_changes_nothing() -> None:
    before = list(Channel.objects.order_by("pk").values())
    make_built_in_channels()
    assert list(Channel.objects.order_by("pk").values()) == before


def test_ids_of_other_channels_never_meet_the_reserved_ones(till: Channel) -> None:
    assert till.pk > 2


def test_the_system_acts_everywhere_through_its_own_channel() -> None:
    actor = system_actor()
    assert (actor.kind, actor.channel_id, actor.programs) == ("system", 2, None)
    assert actor.may("points:approve", 7)


def test_a_channel_keeps_its_secret_only_hashed(shop: tuple[Channel, str]) -> None:
    channel, secret = shop
    stored = Channel.objects.get(pk=channel.pk).client_secret
    assert secret not in stored
    assert check_password(secret, stored)
    assert channel.scope_list == ["points:earn", "points:redeem"]
    assert list(channel.channel_programs.values_list("program__code", flat=True)) == ["city-air"]


def test_the_history_of_a_channel_holds_no_secret(shop: tuple[Channel, str]) -> None:
    channel, secret = shop
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(h)::text FROM gateway_historicalchannel h WHERE id = %s", [channel.pk])
        rows = [row[0] for row in cursor.fetchall()]
    assert len(rows) == 1
    assert "web-shop" in rows[0]
    assert "client_secret" not in json.loads(rows[0])
    assert secret not in rows[0]


def test_an_unknown_scope_makes_no_channel() -> None:
    with pytest.raises(UnknownScope) as refused:
        create_channel("odd", name="Odd", scopes=["points:approve"], actor=system_actor())
    assert refused.value.facts == {"scopes": ["points:approve"]}
    assert not Channel.objects.filter(code="odd").exists()


def test_a_renewed_secret_replaces_the_old_one_and_is_told_without_it(shop: tuple[Channel, str]) -> None:
    channel, old = shop
    new = renew_secret(channel, actor=system_actor())
    assert ask(channel.client_id, old).status_code == 401
    assert ask(channel.client_id, new).status_code == 200
    event = Event.objects.get(kind="channel.secret_renewed")
    assert (event.subject_id, event.program_id, event.facts) == (channel.pk, None, {})


def test_a_token_carries_all_scopes_of_the_channel_and_no_refresh_token(shop: tuple[Channel, str]) -> None:
    channel, secret = shop
    answer = ask(channel.client_id, secret)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["scope"], told["expires_in"], told["token_type"]) == ("points:earn points:redeem", 3600, "Bearer")
    assert "refresh_token" not in told
    assert RefreshToken.objects.count() == 0


def test_a_token_may_ask_for_less_but_not_for_more(shop: tuple[Channel, str]) -> None:
    channel, secret = shop
    assert ask(channel.client_id, secret, scope="points:earn").json()["scope"] == "points:earn"
    refused = ask(channel.client_id, secret, scope="points:earn customers:read")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert AccessToken.objects.count() == 1


def test_no_clear_token_stands_in_the_database(shop: tuple[Channel, str]) -> None:
    channel, secret = shop
    token = ask(channel.client_id, secret).json()["access_token"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t)::text FROM oauth2_provider_accesstoken t")
        (row,) = cursor.fetchone()
    assert token not in row
    assert '"token": ""' in row


@pytest.mark.parametrize(
    "grant",
    [
        {"grant_type": "password", "username": "mia", "password": "x"},
        {"grant_type": "authorization_code", "code": "x"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
    ],
)
def test_only_client_credentials_are_granted(shop: tuple[Channel, str], grant: dict[str, str]) -> None:
    channel, secret = shop
    refused = ask(channel.client_id, secret, **grant)
    assert refused.status_code in (400, 401)
    assert "access_token" not in refused.json()
    assert AccessToken.objects.count() == 0


def test_a_wrong_secret_and_a_built_in_channel_get_no_token(shop: tuple[Channel, str]) -> None:
    channel, _ = shop
    assert ask(channel.client_id, "wrong").status_code == 401
    desk = Channel.objects.get(code="desk")
    desk.client_secret, desk.hash_client_secret = "known", True
    desk.save()
    assert ask(desk.client_id, "known").status_code == 401
    assert AccessToken.objects.count() == 0


def test_who_gave_a_channel_its_programs_is_recorded(city_air: Program) -> None:
    mia = Actor("user", 42, 1, "mia", may=lambda action, program_id: True, programs=None)
    channel, _ = create_channel("kiosk", name="Kiosk", scopes=["points:earn"], actor=mia, programs=[city_air])
    assert Channel.history.get(id=channel.pk).history_user_id == 42
    assert ChannelProgram.history.get(channel_id=channel.pk).history_channel == "desk"
