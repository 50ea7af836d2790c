"""Phrases that describe rules in Finnish."""

from typing import Final

from campaigns.core.model.enums import Channel, Purpose, Register
from campaigns.rules.describing.phrases import LanguagePhrases, NumberFormat, WindowPhrases

_AHEAD: Final = {0: "tänään", 1: "tänään tai huomenna"}

FINNISH: Final = LanguagePhrases(
    number_format=NumberFormat(
        decimal_sign=",",
        thousands="\u00a0",
        price="{}\u00a0{}",
        sign_first=False,
        percent="\u00a0%",
        to="–",
        day=lambda day: f"{day.day}.{day.month}.{day.year}",
        yes="”kyllä”",
        no="”ei”",
    ),
    window_phrases=WindowPhrases(
        today="tänään",
        since_yesterday="eilen tai tänään",
        days="viimeisten {} päivän aikana",
        between="{}–{}",
        since="{} alkaen",
        until="{} mennessä",
    ),
    conjunction="ja",
    disjunction="tai",
    negation="ei pidä paikkaansa, että {}",
    field="jäsenen {}",
    register=("jäsen kuuluu {} rekisteriin", "jäsen ei kuulu {} rekisteriin"),
    registers={
        Register.OWNERS: "asiakasomistajien",
        Register.HOUSEHOLD: "asiakasomistajatalouksien jäsenten",
        Register.CUSTOMERS: "asiakkaiden",
    },
    audience=("jäsen kuuluu kohderyhmään ”{}”", "jäsen ei kuulu kohderyhmään ”{}”"),
    sample=("jäsen kuuluu {}:n satunnaisotokseen", "jäsen ei kuulu {}:n satunnaisotokseen"),
    birthday=("jäsenellä on syntymäpäivä {}", "jäsenellä ei ole syntymäpäivää {}"),
    birthday_days=lambda days: _AHEAD.get(days, f"tänään tai seuraavien {days} päivän aikana"),
    bought=("jäsen on ostanut {when} {what}", "jäsen ei ole ostanut {when} {what}"),
    bought_anything=("jäsen on ostanut jotakin {when}", "jäsen ei ole ostanut mitään {when}"),
    shopped=("jäsen on asioinut {when}", "jäsen ei ole asioinut {when}"),
    goods="tuotteita, {}",
    whose="joiden {}",
    all_spend="kaikista ostoista",
    any_brand="samanlaisten tuotteiden ostoista merkistä riippumatta",
    spend_on="sellaisten tuotteiden ostoista, {},",
    once="kerran",
    times="{} kertaa",
    received=("jäsen on saanut {when} {what}", "jäsen ei ole saanut {when} {what}"),
    clicked=("jäsen on napsauttanut {when} {what}", "jäsen ei ole napsauttanut {when} {what}"),
    link=("{} linkkiä", "{} linkkiä"),
    of_campaign="kampanjan ”{campaign}” {message}",
    redeemed=("jäsen on lunastanut {when} {what}", "jäsen ei ole lunastanut {when} {what}"),
    coupon=("lähetyksen kupongin", "lähetyksen kuponkia"),
    of_offer="{coupon} tarjoukseen ”{offer}”",
    channels={
        Channel.EMAIL: "sähköpostitse",
        Channel.SMS: "tekstiviestinä",
        Channel.POST: "postitse",
        Channel.PHONE: "puhelimitse",
    },
    messages={
        None: ("viestin", "viestiä"),
        Purpose.NEWSLETTER: ("uutiskirjeen", "uutiskirjettä"),
        Purpose.MARKETING: ("markkinointiviestin", "markkinointiviestiä"),
        Purpose.OWNER_POST: ("asiakasomistajapostin", "asiakasomistajapostia"),
        Purpose.SURVEY: ("kyselyn", "kyselyä"),
        Purpose.MAGAZINE: ("asiakasomistajalehden", "asiakasomistajalehteä"),
        Purpose.SERVICE: ("palveluviestin", "palveluviestiä"),
        Purpose.RIGHTS: ("tietosuojaviestin", "tietosuojaviestiä"),
    },
    named_goods="tuotteita ryhmästä {}",
    unnamed_goods="tiettyjen ryhmien tuotteita",
    unnamed_spend="tiettyjen tuotteiden ostoista",
    quoted="”{}”",
    unnamed_value="tietty",
    receiver={"jäsenen": "saajan", "jäsenellä": "saajalla", "jäsen": "saaja"},
)
