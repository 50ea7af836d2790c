"""Phrases that describe rules in English."""

from typing import Final

from campaigns.core.model.enums import Channel, Purpose, Register
from campaigns.rules.describing.phrases import LanguagePhrases, NumberFormat, WindowPhrases

_AHEAD: Final = {0: "today", 1: "today or tomorrow"}
# Not `strftime`: its month names follow the process's locale.
_MONTHS: Final = {
    1: "January",
    2: "February",
    3: "March",
    4: "April",
    5: "May",
    6: "June",
    7: "July",
    8: "August",
    9: "September",
    10: "October",
    11: "November",
    12: "December",
}

ENGLISH: Final = LanguagePhrases(
    number_format=NumberFormat(
        decimal_sign=".",
        thousands=",",
        price="{1}{0}",
        sign_first=True,
        percent="%",
        to=" to ",
        day=lambda day: f"{day.day} {_MONTHS[day.month]} {day.year}",
        yes="“yes”",
        no="“no”",
    ),
    window_phrases=WindowPhrases(
        today="today",
        since_yesterday="yesterday or today",
        days="in the last {} days",
        between="from {} to {}",
        since="since {}",
        until="up to {}",
    ),
    conjunction="and",
    disjunction="or",
    negation="it is not true that {}",
    field="the member's {}",
    register=("the member is in the register of {}", "the member is not in the register of {}"),
    registers={
        Register.OWNERS: "co-op members",
        Register.HOUSEHOLD: "members of co-op members' households",
        Register.CUSTOMERS: "customers",
    },
    audience=("the member belongs to the audience “{}”", "the member does not belong to the audience “{}”"),
    sample=("the member is in a random sample of {}", "the member is not in a random sample of {}"),
    birthday=("the member has a birthday {}", "the member does not have a birthday {}"),
    birthday_days=lambda days: _AHEAD.get(days, f"today or within the next {days} days"),
    bought=("the member has {when} bought {what}", "the member has not {when} bought {what}"),
    bought_anything=("the member has bought something {when}", "the member has not bought anything {when}"),
    shopped=("the member has shopped {when}", "the member has not shopped {when}"),
    goods="goods {}",
    whose="whose {}",
    all_spend="all spend",
    any_brand="the spend on such goods of any brand",
    spend_on="the spend on goods {}",
    once="once",
    times="{} times",
    received=("the member has received {what} {when}", "the member has not received {what} {when}"),
    clicked=("the member has clicked {what} {when}", "the member has not clicked {what} {when}"),
    link=("a link in {}", "any link in {}"),
    of_campaign="{message} from the campaign “{campaign}”",
    redeemed=("the member has redeemed {what} {when}", "the member has not redeemed {what} {when}"),
    coupon=("a coupon of the run", "any coupon of the run"),
    of_offer="{coupon} for the offer “{offer}”",
    channels={
        Channel.EMAIL: "by e-mail",
        Channel.SMS: "by SMS",
        Channel.POST: "by post",
        Channel.PHONE: "by phone",
    },
    messages={
        None: ("a message", "any message"),
        Purpose.NEWSLETTER: ("a newsletter", "any newsletter"),
        Purpose.MARKETING: ("a marketing message", "any marketing message"),
        Purpose.OWNER_POST: ("the co-op members' post", "the co-op members' post"),
        Purpose.SURVEY: ("a survey", "any survey"),
        Purpose.MAGAZINE: ("the co-op members' magazine", "the co-op members' magazine"),
        Purpose.SERVICE: ("a service message", "any service message"),
        Purpose.RIGHTS: ("a privacy message", "any privacy message"),
    },
    named_goods="goods from the group {}",
    unnamed_goods="goods of certain groups",
    unnamed_spend="the spend on certain goods",
    quoted="“{}”",
    unnamed_value="of a certain kind",
    receiver={"the member": "the receiver"},
)
