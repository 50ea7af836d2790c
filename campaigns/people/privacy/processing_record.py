"""Record of processing activities from workspace files and ledger tables (GDPR article 30; GD-20)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Final

from sqlmodel import SQLModel

from audiences.consent.permissions import PERMISSION_TABLE
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language, Register
from campaigns.core.model.legal_basis import LegalBasis, legal_basis
from campaigns.core.model.settings import Settings
from campaigns.people.privacy.erasure import EVENT_RETENTION, redemption_retention
from campaigns.people.privacy.processors import processors
from campaigns.people.privacy.subject_access import LEDGER_RETENTION
from campaigns.store.people import personal_data

RecordRow = Mapping[str, str | int | None]

_PEOPLE: Final[Mapping[str, str]] = {
    Register.OWNERS: "members who own a share",
    Register.HOUSEHOLD: "members of an owner's household",
    Register.CUSTOMERS: "customers without a share",
    "sign_ups": "people who signed up for a newsletter and are not members",
    "agents": "staff with an account",
}
_RANKING: Final[Mapping[str, str]] = {
    "purpose": "order the offers of own messages by what a member buys, and say why each is there",
    "data": "purchase lines: goods, days and how often; popularity among members; no demographics, no contact",
    "left out": "goods of the class special; offers of restricted goods; every message of a partner",
    "objection": "members who forbid the use of purchase detail, or all marketing, get no scores and train no model",
    "effect": "the order of offers only: prices are the same for everybody",
    "kept": "offers with the short form of each reason, in the decision of the message and as long as that",
    "told": "in the message where its template says so, on its page `why`, and in the member's export",
}
_SECURITY: Final = (
    "Links and sessions are signed or random, 128 bits or more; codes are kept as keyed hashes, passwords by argon2id.",
    "Connections to providers use TLS; only a mail server on the same machine may be used without it.",
    "Secrets come from the environment; no log, error or audit row has an address, a name or a text of a member.",
    "Providers receive the address, the message and an opaque id, never the member number.",
    "Roles limit what each staff account may do; every look-up of a member is in the sealed audit log.",
    "Choices are read again at the moment of each claim; without the ledger nothing is sent.",
    "Erased data is hidden at once, deleted at night; pseudonyms and keyed hashes remain. A restore keeps it erased.",
    "Files of one member are deleted with the member; letters, call lists and backups when their retention is over.",
    "Files with data of members are readable by one account of the machine, whatever its umask.",
    "Encryption of disks, backups and database connections depends on the configuration of this machine.",
)


def build_record(settings: Settings, catalogue: Catalogue) -> Mapping[str, Sequence[RecordRow]]:
    """Return the sections of article 30(1) by name, each a list of rows."""
    recipients = [{**row, "region": _region(settings, row["processor"], row["where"])} for row in processors(settings)]
    return {
        "controller": list(_controller(settings)),
        "purposes": list(_purposes()),
        "profiling": list(_profiling(catalogue)),
        "people": [{"people": name, "meaning": meaning} for name, meaning in _PEOPLE.items()],
        "data": list(_data(catalogue)),
        "ledger": [{"table": table, "meaning": meaning} for table, meaning in _tables()],
        "recipients": recipients,
        "transfers": [row for row in recipients if row["region"] == _OUTSIDE],
        "retention": list(_retention(settings, catalogue)),
        "security": [{"measure": measure} for measure in _SECURITY],
    }


def _controller(settings: Settings) -> Iterator[RecordRow]:
    organisation = settings.organisation
    address = f"{organisation.street}, {organisation.postal_code} {organisation.city.text(settings.default_language)}"
    fields = {
        "name": f"{organisation.legal_name} ({organisation.business_id})",
        "address": address,
        "telephone": organisation.telephone,
        "e_mail": str(settings.channels.email.address),
    }
    yield from ({"what": name, "is": value} for name, value in fields.items())


def _purposes() -> Iterator[RecordRow]:
    for (purpose, is_partner), cells in PERMISSION_TABLE.items():
        for channel in cells:
            row = {"purpose": purpose.value, "for": "a partner" if is_partner else "us", "channel": channel.value}
            yield {**row, "basis": legal_basis(purpose, channel).value}
    yield {"purpose": "effects", "for": "us", "channel": None, "basis": LegalBasis.INTEREST.value}


def _profiling(catalogue: Catalogue) -> Iterator[RecordRow]:
    """Yield what is derived about members to choose among offers; nothing without purchases in the catalogue."""
    if "purchases" in catalogue.tables:
        yield from ({"what": what, "is": meaning} for what, meaning in _RANKING.items())


def _data(catalogue: Catalogue) -> Iterator[RecordRow]:
    for table_name, table in catalogue.tables.items():
        for name, column in table.columns.items():
            meaning = column.meaning.text(Language.EN)
            row = {"table": table_name, "column": name, "class": column.data_class.value}
            yield {**row, "meaning": meaning, "source": column.source}


def _tables() -> Iterator[tuple[str, str]]:
    """Yield the ledger tables about people, each with the first sentence of its class docstring."""
    docstrings = {str(model.__tablename__): model.__doc__ or "" for model in SQLModel.__subclasses__()}
    for table in personal_data.member_tables():
        yield table.name, " ".join(docstrings[table.name].split("\n\n")[0].split())


_OUTSIDE: Final = "outside the EU, or not known"


def _region(settings: Settings, processor: str, where: str) -> str:
    regions = {"sendgrid": settings.channels.email.sendgrid.in_eu, "twilio": settings.channels.sms.twilio.in_eu}
    if processor in regions:
        return "EU" if regions[processor] else _OUTSIDE
    return "here" if where == "here" else "as agreed with them"


def _retention(settings: Settings, catalogue: Catalogue) -> Iterator[RecordRow]:
    """Yield retention in days; None: as long as the membership, then deleted or pseudonymised."""
    periods: Mapping[str, timedelta | None] = {
        **{name: table.retention for name, table in catalogue.tables.items()},
        **LEDGER_RETENTION,
        "words_of_providers": EVENT_RETENTION,
        "redemptions": redemption_retention(catalogue),
        "outbox_after_a_run": settings.retention.outbox,
        "backups": settings.retention.backups,
        "exports": settings.retention.exports,
        "rest_of_the_ledger": None,
    }
    for name, period in periods.items():
        yield {"what": name, "kept_days": None if period is None else ceil(period / timedelta(days=1))}
