"""Cookies of the pages: of this host alone, and out of reach of scripts."""

from datetime import timedelta

import pytest
from fastapi.responses import Response

from campaigns.web.host_cookie import HostCookie

COOKIE = HostCookie("viesti-x", is_https=True)


def header(cookie: HostCookie, lifetime: timedelta | None = None) -> str:
    response = Response()
    cookie.set(response, "secret", lifetime)
    return response.headers["set-cookie"]


def test_a_cookie_over_https_is_set_by_no_other_host() -> None:
    assert header(COOKIE) == "__Host-viesti-x=secret; HttpOnly; Path=/; SameSite=strict; Secure"


def test_a_cookie_without_https_has_its_plain_name() -> None:
    assert header(HostCookie("viesti-x", is_https=False)) == "viesti-x=secret; HttpOnly; Path=/; SameSite=strict"


def test_a_cookie_with_a_lifetime_outlives_the_browser() -> None:
    assert "Max-Age=600" in header(COOKIE, timedelta(minutes=10))


@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_a_cookie_is_deleted_as_it_was_set(same_site: str) -> None:
    response = Response()
    HostCookie("viesti-x", is_https=True, same_site=same_site).delete(response)
    for part in ('__Host-viesti-x=""', "HttpOnly", "Max-Age=0", "Path=/", f"SameSite={same_site}", "Secure"):
        assert part in response.headers["set-cookie"]
