"""Real purchases, divided between the cards of each household, and the bonus and interests that follow from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from campaigns.demo.data.households import Household

# A household's receipts in an order that looks shuffled; of two cards, the second takes every third receipt.
_PURCHASES_QUERY: Final = """
    create table purchases as
    with baskets as (
        select distinct household_id, basket_id from transactions
    ), dealt as (
        select basket_id, household_id,
               row_number() over (partition by household_id order by md5(basket_id::text), basket_id) as place
        from baskets
    ), cards as (
        select basket_id,
               case when second_id is not null and place % 3 = 2 then second_id else owner_id end as member_id
        from dealt join households using (household_id)
    )
    select member_id,
           -- this hour did not exist in Helsinki: the clocks went forward over it
           case when transaction_timestamp >= timestamp '2017-03-26 03:00:00'
                 and transaction_timestamp < timestamp '2017-03-26 04:00:00'
                then transaction_timestamp + interval 1 hour else transaction_timestamp end as purchased_at,
           basket_id::text as basket_id,
           product_id::text as product_id,
           quantity,
           sales_value::decimal(12, 2) as amount,
           store_id::text as store_id
    from transactions join cards using (basket_id)
    order by purchased_at, basket_id, product_id, quantity, amount
"""
_PRODUCTS_QUERY: Final = """
    select product_id::text as product_id, department, brand, product_category, product_type
    from products order by products.product_id
"""

# Rewards may not be paid for alcohol and tobacco (FI-20, FI-21).
_BONUS_QUERY: Final = """
    select owner_id, sum(amount)
    from purchases
    join households on member_id in (owner_id, second_id)
    left join products on products.product_id = purchases.product_id::bigint
    where purchased_at >= date '2017-12-01' and purchased_at < date '2018-01-01'
      and not coalesce(department = 'SPIRITS' or product_category in
          ('BEERS/ALES', 'DOMESTIC WINE', 'IMPORTED WINE', 'MISC WINE', 'LIQUOR',
           'CIGARETTES', 'CIGARS', 'TOBACCO OTHER'), false)
    group by owner_id
"""
_BONUS_STEPS: Final = ((900, 5), (600, 4), (350, 3), (150, 2), (50, 1))

_INTERESTS_QUERY: Final = """
    select member_id,
           coalesce(sum(amount) filter (department = 'COSMETICS' or product_category in
               ('HAIR CARE PRODUCTS', 'HAND/BODY/FACIAL PRODUCTS', 'SOAP - LIQUID & BAR', 'FRAGRANCES')), 0) >= 15,
           coalesce(sum(amount) filter (product_category in
               ('BABY FOODS', 'BABY HBC', 'DIAPERS & DISPOSABLES', 'INFANT CARE PRODUCTS', 'TOYS AND GAMES')), 0) >= 15,
           coalesce(sum(amount) filter (product_category in
               ('CAT FOOD', 'DOG FOODS', 'CAT LITTER', 'PET CARE SUPPLIES')), 0) >= 15
    from purchases join products on products.product_id = purchases.product_id::bigint
    group by member_id
"""


@dataclass(frozen=True, slots=True)
class Interests:
    """Interests suggested by a member's year of purchases; they decide only the invented newsletter subscriptions."""

    beauty: bool = False
    family: bool = False
    pets: bool = False


def create_purchases(connection: duckdb.DuckDBPyConnection, households: Iterable[Household]) -> None:
    """Create the table `purchases`: every real purchase line, each receipt on one card of its household."""
    rows = [(home.number, home.owner_id, home.second_id if home.second_birth_date else None) for home in households]
    numbers, owners, seconds = zip(*rows, strict=True)
    table = pa.table({"household_id": numbers, "owner_id": owners, "second_id": pa.array(seconds, pa.string())})
    connection.register("households", table)
    connection.execute(_PURCHASES_QUERY)


def write_purchases(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the table `purchases` as an import file."""
    connection.sql("from purchases").write_parquet(str(path), compression="zstd")


def write_products(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the product register as an import file."""
    connection.sql(_PRODUCTS_QUERY).write_parquet(str(path), compression="zstd")


def december_bonus(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Decimal]:
    """Return each owner's bonus in euros for the household's December; the percentage rises with the total."""
    return {owner: bonus(total) for owner, total in connection.execute(_BONUS_QUERY).fetchall()}


def bonus(total: Decimal) -> Decimal:
    """Return the bonus in euros for a month's purchases."""
    percent = next((step for least, step in _BONUS_STEPS if total >= least), 0)
    return (total * percent / 100).quantize(Decimal("0.01"))


def interests_by_member(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Interests]:
    """Return the interests of each member with purchases."""
    return {member: Interests(*flags) for member, *flags in connection.execute(_INTERESTS_QUERY).fetchall()}
