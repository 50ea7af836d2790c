"""Style sheets and icons are kept by browsers, pages never are."""

import re

import pytest

from campaigns.web.static_files import static_url

YEAR = "public, max-age=31536000, immutable"


async def test_a_page_names_static_files_by_their_content_and_browsers_keep_them_for_a_year(web):
    page = await web.get("/me")
    addresses = re.findall(r'href="(/static/[^"]+)"', page.text)
    assert [address.partition("?")[0].rpartition("/")[2] for address in addresses] == [
        "brand.svg",
        "brand.css",
        "pages.css",
    ]
    for address in addresses:
        answer = await web.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == YEAR


async def test_another_content_has_another_address(tmp_path, monkeypatch):
    monkeypatch.setattr("campaigns.web.static_files.STATIC", tmp_path)
    file = tmp_path / "pages.css"
    file.write_text("a {}")
    first = static_url("pages.css")
    file.write_text("b { }")
    assert static_url("pages.css") != first


@pytest.mark.parametrize("path", ["/static/pages.css", "/static/tick.svg", "/static/pages.css?x=1"])
async def test_a_static_file_without_version_is_kept_for_an_hour_and_then_asked_for_by_its_etag(web, path):
    answer = await web.get(path)
    assert answer.headers["cache-control"] == "public, max-age=3600"
    again = await web.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.hostile
@pytest.mark.parametrize("query", ["v=0000000000000000", "v=", "v=x&v=y", "v=%00", f"v={'a' * 5000}"])
async def test_an_invented_version_is_not_kept_for_a_year(web, query):
    answer = await web.get(f"/static/pages.css?{query}")
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.hostile
@pytest.mark.parametrize(
    "path",
    ["/me", "/me/data", "/join", "/u/x", "/nowhere", "/healthz", "/readyz", "/static/../me", "/me?v=static"],
)
async def test_pages_and_errors_are_never_kept(web, path):
    assert (await web.get(path)).headers["cache-control"] == "no-store"


@pytest.mark.hostile
async def test_a_missing_static_file_is_not_kept(web):
    answer = await web.get("/static/none.css")
    assert answer.status_code == 404
    assert "max-age" not in answer.headers.get("cache-control", "")


async def test_every_static_answer_has_one_cache_header(web):
    answer = await web.get(static_url("pages.css"))
    assert answer.headers.get_list("cache-control") == [YEAR]
