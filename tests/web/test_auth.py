"""Accounts and sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask

from earwise import passwords
from earwise.errors import ConfigError
from earwise.passwords import hash_password, needs_rehash
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.listeners import Role
from tests.web.conftest import PASSWORD, Browser
from tests.web.seeding import NOW
from webapp import create_app
from webapp.security import safe_next


def sign_up(browser: Browser, name: str, password: str = PASSWORD, repeat: str | None = None) -> str:
    answer = browser.submit("/sign-up", name=name, password=password, repeat=password if repeat is None else repeat)
    return answer.text if answer.status_code == 200 else f"{answer.status_code} {answer.location}"


def test_signing_up_opens_a_session_of_a_listener(nobody: Browser, store: Store) -> None:
    assert sign_up(nobody, "Mira") == "302 /"
    assert "<bdi>Mira</bdi>" in nobody.get("/").text
    assert store.listeners.get_by_name("mira").role is Role.LISTENER


def test_password_is_kept_as_argon2id_only(nobody: Browser, store: Store) -> None:
    sign_up(nobody, "Mira")
    assert store.listeners.get_by_name("Mira").password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("name", "password", "repeat", "message"),
    [
        ("", PASSWORD, PASSWORD, "Choose a user name."),
        ("ab", PASSWORD, PASSWORD, "Use 3 to 32 characters."),
        ("a" * 33, PASSWORD, PASSWORD, "Use 3 to 32 characters."),
        ("two words", PASSWORD, PASSWORD, "Use letters, digits, dots, hyphens and underscores only"),
        ("<b>bold</b>", PASSWORD, PASSWORD, "Use letters, digits, dots, hyphens and underscores only"),
        ("nul\0name", PASSWORD, PASSWORD, "Use letters, digits, dots, hyphens and underscores only"),
        ("line\nbreak", PASSWORD, PASSWORD, "Use letters, digits, dots, hyphens and underscores only"),
        ("mira", "1234567", "1234567", "Use at least 8 characters"),
        ("mira", "x" * 201, "x" * 201, "Use at least 8 characters, and at most 200."),
        ("mira", PASSWORD, "other password", "The two passwords differ."),
        ("mira", PASSWORD, "", "Repeat the password."),
    ],
)
def test_what_is_wrong_with_a_sign_up_is_said_at_the_field(
    nobody: Browser, store: Store, name: str, password: str, repeat: str, message: str
) -> None:
    page = sign_up(nobody, name, password, repeat)
    assert message in page
    assert 'aria-invalid="true"' in page
    assert password not in page
    assert store.listeners.get_by_name("mira") is None


def test_name_is_taken_however_its_case_and_accents_are_typed(nobody: Browser, app: Flask) -> None:
    sign_up(nobody, "Zoë")
    assert "This name is taken." in sign_up(Browser(app.test_client()), "ZOE")


def test_closed_sign_up_refuses_form_and_post(settings: Settings, store: Store) -> None:
    browser = Browser(create_app(dataclasses.replace(settings, signup="closed"), store).test_client())
    assert browser.get("/sign-up").status_code == 403
    assert "/sign-up" not in browser.get("/log-in").text
    answer = browser.submit("/sign-up", page="/log-in", name="mira", password=PASSWORD, repeat=PASSWORD)
    assert answer.status_code == 403
    assert store.listeners.get_by_name("mira") is None


def test_wrong_name_and_wrong_password_get_the_same_answer(enter: Callable[..., Browser], nobody: Browser) -> None:
    enter("mira")
    wrong_password, wrong_name = nobody.log_in("mira", "wrong password"), nobody.log_in("nora", "wrong password")
    assert "Wrong user name or password." in wrong_password.text
    assert wrong_password.status_code == wrong_name.status_code == 200
    strip = str.maketrans({"m": None, "n": None, "i": None, "o": None})
    tokens = [answer.text.split('value="') for answer in (wrong_password, wrong_name)]
    shapes = [[part.partition('"')[2].translate(strip) for part in parts] for parts in tokens]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", ["mira", "nora"])
def test_wrong_name_costs_as_much_as_a_wrong_password(
    enter: Callable[..., Browser], nobody: Browser, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    enter("mira")
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - its name there
            verified.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=16, parallelism=1))
    nobody.log_in(name, "wrong password")
    (compared,) = verified
    assert extract_parameters(compared) == extract_parameters(hash_password(PASSWORD))


def test_two_listeners_see_their_own_sessions(enter: Callable[..., Browser]) -> None:
    mira, jon = enter("mira"), enter("jon")
    assert "<bdi>mira</bdi>" in mira.get("/").text
    assert "<bdi>jon</bdi>" in jon.get("/").text
    mira.submit("/log-out", page="/")
    assert mira.get("/").location == "/log-in"
    assert "<bdi>jon</bdi>" in jon.get("/").text


def test_logging_out_ends_every_copy_of_the_cookie_and_no_other_session(
    enter: Callable[..., Browser], app: Flask
) -> None:
    phone, laptop, copy = enter("mira"), Browser(app.test_client()), Browser(app.test_client())
    laptop.log_in("mira")
    cookie = phone.client.get_cookie("earwise_session")
    copy.client.set_cookie("earwise_session", cookie.value)
    assert copy.get("/").status_code == 200
    assert "storage" in phone.submit("/log-out", page="/").headers["Clear-Site-Data"]
    assert copy.get("/").location == "/log-in"
    assert laptop.get("/").status_code == 200


def test_logging_out_by_get_is_refused(listener: Browser) -> None:
    assert listener.get("/log-out").status_code == 405
    assert listener.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/log-in", "/sign-up", "/log-out"])
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_post_without_the_pages_token_is_refused(listener: Browser, path: str, token: str | None) -> None:
    form = {"name": "new", "password": PASSWORD, "repeat": PASSWORD} | ({} if token is None else {"csrf_token": token})
    answer = listener.client.post(path, data=form)
    assert answer.status_code == 400
    assert "This form is no longer good" in answer.text
    assert listener.get("/").status_code == 200


def test_token_of_another_session_is_refused(enter: Callable[..., Browser]) -> None:
    mira, jon = enter("mira"), enter("jon")
    assert jon.client.post("/log-out", data={"csrf_token": mira.token("/")}).status_code == 400


def test_log_in_keeps_nothing_of_the_session_before_it(nobody: Browser, enter: Callable[..., Browser]) -> None:
    enter("mira")
    with nobody.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    token = nobody.token("/log-in")
    nobody.log_in("mira")
    with nobody.client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"]
    assert nobody.client.post("/log-out", data={"csrf_token": token}).status_code == 400


def test_session_of_a_deleted_account_ends(listener: Browser, store: Store, database_name: str) -> None:
    store.client[database_name]["users"].delete_many({})
    assert listener.get("/").location == "/log-in"


def test_forged_session_is_nobody(nobody: Browser) -> None:
    nobody.client.set_cookie("earwise_session", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbb")
    assert nobody.get("/").location == "/log-in"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "/\n/evil.example",
        "///evil.example",
        "//[",
        "//\u2100",
    ],
)
def test_log_in_never_leads_to_another_site(enter: Callable[..., Browser], nobody: Browser, target: str) -> None:
    enter("mira")
    assert safe_next(target) is None
    token = nobody.token("/log-in")
    form = {"csrf_token": token, "name": "mira", "password": PASSWORD}
    assert nobody.client.post("/log-in", query_string={"next": target}, data=form).location == "/"


def test_log_in_leads_on_to_the_page_that_was_asked_for(enter: Callable[..., Browser], nobody: Browser) -> None:
    enter("mira")
    asked = nobody.get("/?q=sigur r%C3%B3s&x=1").location
    assert nobody.log_in("mira", path=asked).location == "/?q=sigur r%C3%B3s&x=1".replace(" ", "%20")


@pytest.mark.parametrize("field", ["name[$ne]", "name[$gt]", "password[$ne]"])
def test_mongodb_operators_in_fields_are_only_missing_fields(
    enter: Callable[..., Browser], nobody: Browser, field: str
) -> None:
    enter("mira")
    form = {"name": "mira", "password": PASSWORD}
    form[field] = form.pop(field.partition("[")[0])
    answer = nobody.submit("/log-in", **form)
    assert answer.status_code == 200
    assert "Enter your" in answer.text


@pytest.mark.parametrize("value", ['{"$ne": ""}', '{"$gt": ""}', "[$ne]", "$where", "mira\0"])
def test_mongodb_operators_in_values_are_only_text(enter: Callable[..., Browser], nobody: Browser, value: str) -> None:
    enter("mira")
    assert "Wrong user name or password." in nobody.log_in(value).text
    assert "Wrong user name or password." in nobody.log_in("mira", value).text


def test_json_body_is_no_form(enter: Callable[..., Browser], nobody: Browser) -> None:
    enter("mira")
    headers = {"X-CSRFToken": nobody.token("/log-in")}
    answer = nobody.client.post("/log-in", json={"name": {"$ne": ""}, "password": {"$ne": ""}}, headers=headers)
    assert answer.status_code == 200
    assert nobody.get("/").location == "/log-in"


@pytest.mark.parametrize("known", ["mira", "nora"])
def test_guessing_at_one_account_is_slowed_from_every_address_whether_it_exists_or_not(
    enter: Callable[..., Browser], app: Flask, known: str
) -> None:
    enter(known)
    codes = []
    for attempt in range(11):
        browser = Browser(app.test_client())
        browser.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{attempt}"
        answer = browser.log_in("MIRA" if attempt % 2 else "mira", "wrong password")
        codes.append(answer.status_code)
    assert codes == [200] * 10 + [429]
    assert "Too many tries" in answer.text
    assert int(answer.headers["Retry-After"]) >= 60
    assert browser.log_in("jon", "wrong password").status_code == 200


def test_guessing_from_one_address_is_slowed_for_every_account(nobody: Browser) -> None:
    codes = [nobody.log_in(f"account-{attempt}", "wrong password").status_code for attempt in range(31)]
    assert codes == [200] * 30 + [429]


def test_guessing_is_slowed_over_all_processes(settings: Settings, store: Store, enter: Callable[..., Browser]) -> None:
    enter("mira")
    workers = [Browser(create_app(settings, store).test_client()) for _ in range(2)]
    codes = [workers[attempt % 2].log_in("mira", "wrong password").status_code for attempt in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert workers[0].log_in("mira").status_code == 429


def test_many_guesses_at_once_are_no_more_than_the_limit(app: Flask, enter: Callable[..., Browser]) -> None:
    enter("mira")
    app.config["WTF_CSRF_ENABLED"] = False

    def guess(_: int) -> int:
        form = {"name": "mira", "password": "wrong password"}
        return app.test_client().post("/log-in", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(guess, range(24))) == [200] * 10 + [429] * 14


def test_network_of_an_ipv6_address_counts_as_one_address(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    codes = []
    for attempt in range(31):
        environ = {"REMOTE_ADDR": f"2001:db8::{attempt:x}"}
        form = {"name": f"account-{attempt}", "password": "wrong password"}
        codes.append(app.test_client().post("/log-in", data=form, environ_base=environ).status_code)
    assert codes == [200] * 30 + [429]


def test_addresses_of_ipv4_that_a_server_of_both_sees_count_each_by_itself(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    codes = []
    for attempt in range(32):
        environ = {"REMOTE_ADDR": "::ffff:192.0.2.8" if attempt == 31 else "::ffff:192.0.2.7"}
        form = {"name": f"account-{attempt}", "password": "wrong password"}
        codes.append(app.test_client().post("/log-in", data=form, environ_base=environ).status_code)
    assert codes == [200] * 30 + [429, 200]


def test_successful_log_ins_are_not_counted(enter: Callable[..., Browser], app: Flask) -> None:
    enter("mira")
    assert {Browser(app.test_client()).log_in("mira").status_code for _ in range(15)} == {302}


def test_signing_up_is_slowed_by_address(nobody: Browser) -> None:
    codes = [
        nobody.submit("/sign-up", name=f"account-{attempt}", password="short").status_code for attempt in range(21)
    ]
    assert codes == [200] * 20 + [429]


def test_old_hash_is_renewed_at_log_in(store: Store, nobody: Browser) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    store.listeners.add("mira", weak, Role.LISTENER, NOW)
    assert nobody.log_in("mira").status_code == 302
    assert not needs_rehash(store.listeners.get_by_name("mira").password_hash)
    nobody.submit("/log-out", page="/")
    assert nobody.log_in("mira").status_code == 302


def session_cookie(app: Flask, **options: object) -> str:
    return app.test_client().get("/log-in", **options).headers["Set-Cookie"]


def test_session_cookie_is_secure_whenever_served_by_https(app: Flask) -> None:
    plain, https = session_cookie(app), session_cookie(app, base_url="https://music.example.org")
    for cookie in (plain, https):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
    assert "Secure" not in plain
    assert "Secure" in https


def test_session_cookie_is_always_secure_in_production(settings: Settings, store: Store) -> None:
    assert "Secure" in session_cookie(create_app(dataclasses.replace(settings, mode="production"), store))


def test_forwarded_https_counts_only_from_trusted_proxies(settings: Settings, app: Flask, store: Store) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    behind_proxy = create_app(dataclasses.replace(settings, trusted_proxies=1), store)
    assert "Secure" in session_cookie(behind_proxy, headers=forwarded)
    assert "Secure" not in session_cookie(app, headers=forwarded)


def test_app_without_a_secret_key_does_not_start(settings: Settings, store: Store) -> None:
    with pytest.raises(ConfigError, match="EARWISE_SECRET_KEY"):
        create_app(dataclasses.replace(settings, secret_key=""), store)
