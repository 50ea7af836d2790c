"""Phrases that describe rules in Swedish."""

from typing import Final

from campaigns.core.model.enums import Channel, Purpose, Register
from campaigns.rules.describing.phrases import LanguagePhrases, NumberFormat, WindowPhrases

_AHEAD: Final = {0: "i dag", 1: "i dag eller i morgon"}

SWEDISH: Final = LanguagePhrases(
    number_format=NumberFormat(
        decimal_sign=",",
        thousands="\u00a0",
        price="{}\u00a0{}",
        sign_first=False,
        percent="\u00a0%",
        to="–",
        day=lambda day: f"{day.day}.{day.month}.{day.year}",
        yes="”ja”",
        no="”nej”",
    ),
    window_phrases=WindowPhrases(
        today="i dag",
        since_yesterday="i går eller i dag",
        days="under de senaste {} dagarna",
        between="under tiden {}–{}",
        since="från och med {}",
        until="till och med {}",
    ),
    conjunction="och",
    disjunction="eller",
    negation="det stämmer inte att {}",
    field="medlemmens {}",
    register=("medlemmen hör till registret över {}", "medlemmen hör inte till registret över {}"),
    registers={
        Register.OWNERS: "ägarkunder",
        Register.HOUSEHOLD: "medlemmar i ägarkundshushåll",
        Register.CUSTOMERS: "kunder",
    },
    audience=("medlemmen hör till målgruppen ”{}”", "medlemmen hör inte till målgruppen ”{}”"),
    sample=("medlemmen ingår i ett slumpmässigt urval på {}", "medlemmen ingår inte i ett slumpmässigt urval på {}"),
    birthday=("medlemmen fyller år {}", "medlemmen fyller inte år {}"),
    birthday_days=lambda days: _AHEAD.get(days, f"i dag eller inom de närmaste {days} dagarna"),
    bought=("medlemmen har {when} köpt {what}", "medlemmen har inte {when} köpt {what}"),
    bought_anything=("medlemmen har köpt något {when}", "medlemmen har inte köpt något {when}"),
    shopped=("medlemmen har handlat {when}", "medlemmen har inte handlat {when}"),
    goods="varor {}",
    whose="vars {}",
    all_spend="alla köp",
    any_brand="köpen av motsvarande varor oavsett märke",
    spend_on="köpen av varor {}",
    once="en gång",
    times="{} gånger",
    received=("medlemmen har fått {what} {when}", "medlemmen har inte fått {what} {when}"),
    clicked=("medlemmen har klickat på {what} {when}", "medlemmen har inte klickat på {what} {when}"),
    link=("en länk i {}", "någon länk i {}"),
    of_campaign="{message} från kampanjen ”{campaign}”",
    redeemed=("medlemmen har löst in {what} {when}", "medlemmen har inte löst in {what} {when}"),
    coupon=("en kupong från utskicket", "någon kupong från utskicket"),
    of_offer="{coupon} för erbjudandet ”{offer}”",
    channels={
        Channel.EMAIL: "per e-post",
        Channel.SMS: "per sms",
        Channel.POST: "per post",
        Channel.PHONE: "per telefon",
    },
    messages={
        None: ("ett meddelande", "något meddelande"),
        Purpose.NEWSLETTER: ("ett nyhetsbrev", "något nyhetsbrev"),
        Purpose.MARKETING: ("ett reklammeddelande", "något reklammeddelande"),
        Purpose.OWNER_POST: ("ägarkundspost", "ägarkundspost"),
        Purpose.SURVEY: ("en enkät", "någon enkät"),
        Purpose.MAGAZINE: ("ägarkundstidningen", "ägarkundstidningen"),
        Purpose.SERVICE: ("ett servicemeddelande", "något servicemeddelande"),
        Purpose.RIGHTS: ("ett dataskyddsmeddelande", "något dataskyddsmeddelande"),
    },
    named_goods="varor ur gruppen {}",
    unnamed_goods="varor ur vissa grupper",
    unnamed_spend="köpen av vissa varor",
    quoted="”{}”",
    unnamed_value="av ett visst slag",
    receiver={"medlemmens": "mottagarens", "medlemmen": "mottagaren"},
)
