"""Random rules as an author could write them, and random worlds full of edges for them to meet."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.rules.world import Click, Line, Member, Receipt, Sent, World

DEPARTMENTS = ["COSMETICS", "MEAT", "PRODUCE"]
BRANDS = ["National", "Private"]
REGIONS = ["Uusimaa", "Pirkanmaa", "Lappi"]
AUDIENCES = ["active_members", "beauty_buyers"]
DAY_COUNTS = [0, 1, 3, 7, 28, 90, 365]

Rule = dict[str, Any]


# A rule

days = st.sampled_from(DAY_COUNTS).map(lambda count: f"{count} days")
dates = st.dates(date(2017, 9, 1), date(2018, 4, 1))
numbers = st.integers(0, 4)
money = st.decimals(-2, 30, places=2) | st.sampled_from([Decimal(0), Decimal(5), Decimal(10)])
shares = st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.3"), Decimal("0.5"), Decimal("0.95"), Decimal(1)])


def operators(**kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    """One or two operators with their arguments; a range that is turned round is not one."""
    names = {name.rstrip("_"): kind for name, kind in kinds.items()}
    one_or_two = st.lists(st.sampled_from(sorted(names)), min_size=1, max_size=2, unique=True)
    return one_or_two.flatmap(lambda words: st.fixed_dictionaries({word: names[word] for word in words})).filter(
        lambda tests: not ("from" in tests and "to" in tests and tests["from"] > tests["to"])
    )


def number_tests(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    compared = dict.fromkeys(("at_least", "at_most", "more_than", "less_than", "from_", "to"), values)
    bare = values | st.lists(values, min_size=1, max_size=3)
    return bare | operators(**compared, is_not=bare)


def closed_text_tests(values: list[str]) -> st.SearchStrategy[Any]:
    value = st.sampled_from(values)
    bare = value | st.lists(value, min_size=1, max_size=3)
    return bare | operators(is_not=bare, known=st.booleans())


def text_tests(values: list[str]) -> st.SearchStrategy[Any]:
    value = st.sampled_from(values)
    bare = value | st.lists(value, min_size=1, max_size=3)
    parts = st.sampled_from(["P", "a", "MEAT", "%", "_", "ti"])
    return bare | operators(is_not=bare, starts_with=parts, contains=parts, known=st.booleans())


def day_tests(*, point: bool) -> st.SearchStrategy[Any]:
    ago = st.sampled_from(DAY_COUNTS).map(lambda count: f"{count} days ago")
    written = operators(from_=dates, to=dates, before=ago | dates, within=days, in_next=days)
    return written if point else written | dates | st.lists(dates, min_size=1, max_size=2)


fields = st.one_of(
    closed_text_tests(["owners", "customers"]).map(lambda tests: {"register": tests}),
    closed_text_tests(REGIONS).map(lambda tests: {"region": tests}),
    text_tests(["00100", "33100", "00%"]).map(lambda tests: {"postal_code": tests}),
    number_tests(numbers).map(lambda tests: {"household_size": tests}),
    number_tests(money).map(lambda tests: {"bonus_last_month": tests}),
    number_tests(st.integers(15, 22)).map(lambda tests: {"age": tests}),
    st.booleans().map(lambda known: {"age": {"known": known}}),
    (day_tests(point=False) | st.booleans().map(lambda known: {"known": known})).map(
        lambda tests: {"member_since": tests}
    ),
    day_tests(point=True).map(lambda tests: {"last_login": tests}),
    st.booleans().map(lambda tests: {"app_user": tests}),
)


@st.composite
def windows(draw: st.DrawFn) -> Rule:
    kind = draw(st.sampled_from(["none", "within", "dates"]))
    if kind == "within":
        return {"within": draw(days)}
    if kind == "none":
        return {}
    first, last = sorted(draw(st.tuples(dates, dates)))
    return draw(st.sampled_from([{"from": first, "to": last}, {"from": first}, {"to": last}]))


_measures = {
    "visits": number_tests(numbers),
    "spend": number_tests(money),
    "quantity": number_tests(numbers),
    "average": number_tests(money),
    "first": day_tests(point=True),
    "last": day_tests(point=True),
}
_line_measures = {
    **_measures,
    "products": number_tests(numbers),
    "share_of_spend": number_tests(shares),
}


def measures(known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Rule]:
    chosen = st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True)
    return chosen.flatmap(lambda words: st.fixed_dictionaries({word: known[word] for word in words}))


def wheres() -> st.SearchStrategy[Rule]:
    return st.fixed_dictionaries(
        {},
        optional={
            "department": closed_text_tests(DEPARTMENTS),
            "brand": closed_text_tests(BRANDS),
            "product_id": text_tests(["p1", "p2"]),
            "quantity": number_tests(numbers),
        },
    ).filter(bool)


@st.composite
def bought(draw: st.DrawFn) -> Rule:
    measured = draw(measures(_line_measures))
    where = draw(st.just({}) | wheres().map(lambda where: {"where": where}))
    of = draw(st.just({}) | wheres().map(lambda of: {"of": of})) if "share_of_spend" in measured else {}
    return {"bought": {**where, **of, **draw(windows()), **measured}}


@st.composite
def shopped(draw: st.DrawFn) -> Rule:
    return {"shopped": {**draw(windows()), **draw(measures(_measures))}}


@st.composite
def heard(draw: st.DrawFn) -> Rule:
    filters = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "campaign": st.sampled_from(["win_back", "weekend_offer"]),
                "purpose": st.sampled_from(["marketing", "newsletter"]),
                "channel": st.sampled_from(["email", "sms"]),
                "times": number_tests(st.integers(0, 2)),
            },
        )
    )
    return {draw(st.sampled_from(["received", "clicked"])): {**filters, **draw(windows())}}


leaves = st.one_of(
    fields,
    bought(),
    shopped(),
    heard(),
    st.sampled_from([{"birthday": "today"}, {"birthday": {"in_next": "1 day"}}, {"birthday": {"in_next": "90 days"}}]),
    st.sampled_from(
        [{"sample": "50 percent"}, {"sample": "0 percent"}, {"sample": {"share": Decimal("0.3"), "salt": "s"}}]
    ),
)


def rules(*, with_audiences: bool = True) -> st.SearchStrategy[Rule]:
    """Any rule, nested a little."""
    named = st.sampled_from(AUDIENCES).map(lambda name: {"audience": name}) if with_audiences else st.nothing()
    return st.recursive(
        leaves | named,
        lambda inner: st.one_of(
            inner.map(lambda part: {"not": part}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        ),
        max_leaves=4,
    )


# A moment

ZONES = ["Europe/Helsinki", "America/Sao_Paulo"]  # in the second, a day in October 2017 begins at one o'clock
MOMENTS = [
    (2018, 1, 1, 10, 0),
    (2018, 1, 1, 0, 0),
    (2017, 10, 29, 3, 30),  # the hour comes twice in Helsinki
    (2018, 3, 25, 4, 0),  # the hour before it does not exist in Helsinki
    (2017, 10, 15, 12, 0),
    (2018, 2, 28, 8, 0),  # the birthday of those born on 29 February
    (2018, 3, 1, 8, 0),
    (2020, 2, 28, 8, 0),
    (2020, 2, 29, 23, 59),
]


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """An aware as_of and the zone of its days."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return datetime(*draw(st.sampled_from(MOMENTS)), tzinfo=zone, fold=draw(st.integers(0, 1))), zone


# A world

_cents = st.sampled_from([Decimal(value) for value in ("0.00", "0.01", "5.00", "9.50", "10.00", "-5.00")])
_maybe_cents = st.none() | _cents
_pieces = st.sampled_from([Decimal(1), Decimal("0.500"), Decimal(2), Decimal(4)])
_births = st.sampled_from(
    [date(2000, 2, 29), date(2000, 2, 28), date(2000, 3, 1), date(2000, 1, 1), date(1999, 12, 31), date(2001, 10, 29)]
)


@st.composite
def instants(draw: st.DrawFn, as_of: datetime, zone: ZoneInfo) -> datetime:
    """A naive UTC instant at, just before or just after a midnight that a rule may mean, or as_of itself."""
    back = draw(st.sampled_from([-1, 0, 1, 2, 3, 4, 7, 8, 28, 29, 90, 91, 365, 366, 400, 401]))
    midnight = datetime.combine(as_of.astimezone(zone).date() - timedelta(days=back), time.min, zone)
    edge = draw(st.sampled_from([midnight, midnight + timedelta(hours=13), as_of]))
    nudge = timedelta(microseconds=draw(st.sampled_from([-1, 0, 1])))
    return edge.astimezone(UTC).replace(tzinfo=None) + nudge


@st.composite
def worlds(draw: st.DrawFn, as_of: datetime, zone: ZoneInfo) -> World:
    """Up to four members and what they did, anonymous purchases and lines without a product among it."""
    ids = ["m1", "m2", "m3", "m4"][: draw(st.integers(1, 4))]
    at = instants(as_of, zone)
    who, buyer = st.sampled_from(ids), st.sampled_from([*ids, None])
    today = as_of.astimezone(zone).date()
    near = st.sampled_from(DAY_COUNTS).map(lambda count: today - timedelta(days=count)) | st.just(today)
    maybe = st.none()
    members = [
        draw(
            st.builds(
                Member,
                member_id=st.just(member_id),
                register=st.sampled_from(["owners", "household", "customers"]),
                postal_code=maybe | st.sampled_from(["00100", "33100", "00%", "P_a"]),
                region=maybe | st.sampled_from(REGIONS),
                birth_date=maybe | _births,
                member_since=maybe | near | dates,
                last_login=maybe | at,
                app_user=maybe | st.booleans(),
                household_size=maybe | numbers,
                bonus_last_month=_maybe_cents,
                no_purchase_detail=st.sampled_from([False, False, False, True, None]),
                tracking=st.sampled_from([True, True, False, None]),
            )
        )
        for member_id in ids
    ]
    baskets = draw(st.lists(st.tuples(buyer, at, _maybe_cents, _pieces), max_size=6))
    line = st.builds(
        Line,
        member_id=buyer,
        purchased_at=at,
        basket_id=st.sampled_from(["b1", "b2", "b3"]),
        product_id=st.sampled_from(["p1", "p2", None]),
        quantity=maybe | _pieces,
        amount=_maybe_cents,
        department=maybe | st.sampled_from(DEPARTMENTS),
        brand=maybe | st.sampled_from(BRANDS),
    )
    message = {
        "member_id": who,
        "campaign": st.sampled_from(["win_back", "weekend_offer"]),
        "purpose": st.sampled_from(["marketing", "newsletter"]),
        "channel": st.sampled_from(["email", "sms"]),
    }
    return World(
        members=members,
        receipts=[
            Receipt(member_id=member, purchased_at=moment, basket_id=f"b{number}", amount=amount, quantity=quantity)
            for number, (member, moment, amount, quantity) in enumerate(baskets)
        ],
        lines=draw(st.lists(line, max_size=8)),
        sent=draw(st.lists(st.builds(Sent, **message, sent_at=at), max_size=3)),
        clicks=draw(st.lists(st.builds(Click, **message, clicked_at=at), max_size=3)),
    )
