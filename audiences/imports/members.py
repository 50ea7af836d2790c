"""Import of members: contact goes to the ledger, the profile to the warehouse."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from audiences import addresses
from audiences.consent.suppressions import AddressKind
from audiences.imports.cell_types import (
    CellType,
    date_type,
    declared_type,
    integer_type,
    one_of_type,
    text_type,
    timestamp_type,
)
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.import_report import ImportProgress
from audiences.imports.postal_codes import PADDED, has_lost_zeros, with_zeros
from audiences.imports.products import declared_cells
from audiences.imports.staging import VALID_TABLE, CellCleaning, RowCheck
from audiences.imports.upsert import CHANGED_TABLE, upsert
from audiences.people import contact_changes, contacts, holdout_units, member_erasure, self_service_changes
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from campaigns.core.clock import from_warehouse_time, local_day
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language, Register
from campaigns.core.model.phone_countries import callable_classes, phone_class
from campaigns.core.model.postal_code_forms import normalise_postal_code, postal_code_rule

_KEY: Final = "member_id"
_REQUIRED: Final[Mapping[str, CellCleaning]] = {_KEY: CellCleaning.WORDS, "register": CellCleaning.WORDS}
_OPTIONAL: Final[Mapping[str, CellCleaning]] = dict.fromkeys(
    (
        "household_id",
        "first_name",
        "last_name",
        "language",
        "birth_date",
        "email",
        "phone",
        "street",
        "postal_code",
        "city",
        "region",
        "household_size",
        self_service_changes.CHANGED_AT,
    ),
    CellCleaning.WORDS,
)
_CONTACT: Final = ("register", "household_id", "language", *columns.LEDGER_ONLY_COLUMNS)
_ADDRESSES: Final[Mapping[str, tuple[Callable[[str, str], str | None], str]]] = {
    "email": (
        lambda text, _: addresses.normalise_email(text),
        "not an e-mail address; the member is stored without one",
    ),
    "phone": (addresses.normalise_phone, "not a telephone number of a person; the member is stored without one"),
    "postal_code": (
        normalise_postal_code,
        "not a postal code of {digits}; the member is stored without one",
    ),
}
NOT_WRITTEN_TO: Final = "a number of a country that the settings do not serve: stored but neither written to nor called"
_IN_TRANSACTION: Final = 1000

_Contact = dict[str, Any]
_Remark = tuple[int, str, str]


def _store(job: ImportJob) -> int:
    catalogue = job.warehouse.catalogue
    cell_types = [_cell_type(column, catalogue) for column in MEMBERS.columns(catalogue)]
    checks = [
        *missing_value_checks(list(_REQUIRED)),
        *(invalid_id_check(column) for column in (_KEY, "household_id")),
        job.erased_member_check(),
        _birth_date_check(job),
    ]
    job.staging.validate(cell_types, checks, _KEY)
    _store_contact(job)
    holdout_units.rebuild_units(job.ledger, job.warehouse, job.now)
    language = {"language": job.settings.default_language.value}
    upsert(job, "members", columns.member_columns(catalogue), language)
    return job.staging.count_rows(f"FROM {CHANGED_TABLE} UNION FROM changed_contact")


def _cell_type(column: str, catalogue: Catalogue) -> CellType:
    declarations = catalogue.tables["members"].columns
    match column:
        case "register":
            return one_of_type(column, tuple(Register))
        case "language":
            return one_of_type(column, tuple(Language))
        case _ if column in declarations:
            return declared_type(column, declarations[column])
        case "birth_date":
            return date_type(column)
        case "household_size":
            return integer_type(column)
        case self_service_changes.CHANGED_AT:
            return timestamp_type(column)
    return text_type(column)


def _birth_date_check(job: ImportJob) -> RowCheck:
    today = local_day(job.now, job.settings.zone).isoformat()
    birth_date = date_type("birth_date").value
    return RowCheck("birth_date", f"coalesce({birth_date} > DATE {quote_literal(today)}, false)", job.in_the_future())


def _store_contact(job: ImportJob) -> None:
    contact_columns = [
        _KEY,
        *(column for column in (*_CONTACT, self_service_changes.CHANGED_AT) if column in job.header),
    ]
    job.staging.append_rows("changed_contact", [_KEY], [])
    query = f"SELECT line, {', '.join(map(quote_identifier, contact_columns))} FROM {VALID_TABLE} ORDER BY line"
    served = frozenset(callable_classes(job.settings.sms_countries))
    with job.ledger.read() as connection:
        erased = member_erasure.erased_address_hashes(connection)
    whole, done = job.staging.count_rows(f"FROM {VALID_TABLE}"), 0
    for rows in job.staging.rows(query, _IN_TRANSACTION):
        job.on_progress(ImportProgress("storing", done, whole, done))
        done += len(rows)
        invalid, remarks = list[_Remark](), list[_Remark]()
        read = [(row[0], dict(zip(contact_columns, row[1:], strict=True))) for row in rows]
        _restore_zeros(read, job.settings.country, remarks)
        normalised = [
            (line, _normalise_contact(line, contact, job.settings.country, invalid)) for line, contact in read
        ]
        accepted = _without_erased(job, normalised, erased)
        job.staging.record_emptied(invalid)
        remarks += [
            (line, "phone", NOT_WRITTEN_TO)
            for line, contact in normalised
            if not _is_served(contact.get("phone"), served)
        ]
        job.staging.record_remarks(remarks)
        with job.ledger.write() as connection:
            accepted = self_service_changes.apply_own_changes(connection, accepted)
            contact_changes.record_imported(connection, accepted, job.now)
            changed = contacts.upsert_contacts(connection, accepted, job.settings.default_language.value)
        job.staging.append_rows("changed_contact", [_KEY], [(member,) for member in changed])


def _is_served(number: str | None, served: frozenset[str]) -> bool:
    return number is None or phone_class(number) in served


def _without_erased(job: ImportJob, rows: Sequence[tuple[int, _Contact]], erased: frozenset[str]) -> list[_Contact]:
    """Return the contacts to store; a new member with an erased member's address is rejected (GD-12)."""
    matches = {
        contact[_KEY]: (line, column)
        for line, contact in rows
        if (column := _erased_address_column(job, contact, erased))
    }
    with job.ledger.read() as connection:
        new = set(matches) - contacts.existing_members(connection, list(matches))
    for member in new:
        job.staging.reject(*matches[member], "this address was an erased member's")
    return [contact for _, contact in rows if contact[_KEY] not in new]


def _erased_address_column(job: ImportJob, contact: _Contact, erased: frozenset[str]) -> str | None:
    """Return the column of an address that an erased member had."""
    kinds = (AddressKind.EMAIL, AddressKind.PHONE) if erased else ()
    return next(
        (
            kind.value
            for kind in kinds
            if member_erasure.is_erased_address(job.signer, kind, contact.get(kind.value), erased)
        ),
        None,
    )


def _restore_zeros(rows: Sequence[tuple[int, _Contact]], country: str, remarks: list[_Remark]) -> None:
    """Put back the zeros of postal codes that a spreadsheet took for numbers."""
    for line, contact in rows:
        code = contact.get("postal_code") or ""
        if has_lost_zeros(code, country):
            contact["postal_code"] = with_zeros(code, country)
            remarks.append((line, "postal_code", PADDED))


def _normalise_contact(line: int, contact: _Contact, country: str, invalid: list[_Remark]) -> _Contact:
    """Return a contact with addresses normalised as of `country`; invalid ones are left out and added to `invalid`."""
    if contact.get(self_service_changes.CHANGED_AT) is not None:
        contact[self_service_changes.CHANGED_AT] = from_warehouse_time(contact[self_service_changes.CHANGED_AT])
    for column, (normalise, reason) in _ADDRESSES.items():
        value = contact.get(column)
        if value is not None:
            contact[column] = normalise(value, country)
            if contact[column] is None:
                invalid.append((line, column, reason.format(digits=postal_code_rule(country))))
    return contact


MEMBERS: Final = FileKind(
    _REQUIRED,
    _store,
    lambda catalogue: {**_OPTIONAL, **declared_cells(catalogue, "members"), **_REQUIRED},
    {"home_store": "stores"},
)
