"""Examples of docs/coupons.md: its files load, and its procedure for tills reads the codes that we make."""

import csv
import re
from pathlib import Path
from runpy import run_path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.coupon_keys import PoolKey
from campaigns.core.model.coupon import CodeFormat, CouponKind
from campaigns.offers.coupons.coupon_codes import CodeMaker, CouponSerial, sample_code
from campaigns.results.redemptions.coupon_export import COLUMNS, OFFER_COLUMNS
from campaigns.results.redemptions.import_redemptions import OPTIONAL, REQUIRED
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from tests.support.docs_pages import PAGES, ROOT

PAGE: Final = PAGES["coupons.md"]  # named in tests/docs/test_yaml.py: coupons.md
BLOCKS: Final = dict(
    re.findall(r"```(?:yaml|python|csv)\n(# config/[\w/]+\.yaml|import hmac|code,|coupons:)(.*?)```", PAGE, re.DOTALL)
)
KEY: Final = PoolKey("oat", 1, bytes(range(32)))
MAKER: Final = CodeMaker(KEY, "coffee-20180105T0830Z", 12, 29)
SERIALS: Final = st.builds(CouponSerial, st.integers(1, 3_600_000), st.integers(0, 11))


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The procedure of the page, as a till would run it."""
    file = tmp_path_factory.mktemp("till") / "till.py"
    file.write_text("import hmac" + BLOCKS["import hmac"], "utf-8")
    return run_path(str(file))


@given(serial=SERIALS, code_format=st.sampled_from(CodeFormat))
def test_a_till_with_the_key_reads_codes_without_a_list(
    till: dict[str, Any], serial: CouponSerial, code_format: CodeFormat
) -> None:
    code = MAKER.code(code_format, serial).text
    read = till["coupon"](code, KEY.secret, KEY.pool, MAKER.run_id, MAKER.offer_count, 3_600_000)
    assert read == (serial.position, serial.offer_number)


@pytest.mark.parametrize("code_format", CodeFormat)
def test_a_till_refuses_foreign_codes_and_those_of_samples(till: dict[str, Any], code_format: CodeFormat) -> None:
    sample = sample_code(code_format, 29).text
    assert till["coupon"](sample, KEY.secret, KEY.pool, MAKER.run_id, 12, 1000) is None
    foreign = CodeMaker(PoolKey("oat", 2, bytes(32)), MAKER.run_id, 12, 29).code(code_format, CouponSerial(7, 3)).text
    assert till["coupon"](foreign, KEY.secret, KEY.pool, MAKER.run_id, 12, 1000) is None


def test_the_offers_of_the_page_have_coupons(tmp_path: Path) -> None:
    file = tmp_path / "offers.yaml"
    file.write_text(BLOCKS["# config/offers.yaml"], "utf-8")
    offers = load_offers(file, load_catalogue(ROOT / "config" / "catalogue.yaml"))
    assert [offer.coupon.kind for offer in offers if offer.coupon] == [CouponKind.CARD, CouponKind.CODE]


def test_the_campaign_of_the_page_loads(tmp_path: Path) -> None:
    file = tmp_path / "coffee_coupons.yaml"
    file.write_text(BLOCKS["# config/campaigns/coffee_coupons.yaml"], "utf-8")
    definition, _ = WorkspaceRepository(Workspace(ROOT)).campaign_definition(str(file))
    assert definition.campaign.experiment is not None


def test_the_setting_of_the_page_is_the_default() -> None:
    from campaigns.core.model.settings import CouponSettings

    assert BLOCKS["coupons:"].strip() == f"{{prefix: {CouponSettings().prefix}}}"


def test_every_column_of_the_files_is_explained() -> None:
    header = next(csv.reader(["code," + BLOCKS["code,"].splitlines()[0]]))
    assert set(header) <= {*REQUIRED, *OPTIONAL}
    for column in (*COLUMNS, *REQUIRED, *OPTIONAL, *OFFER_COLUMNS[:5]):
        assert f"`{column}`" in PAGE or column in header, column
