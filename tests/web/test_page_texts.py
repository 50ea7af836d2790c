"""Texts of the pages: present in three languages, used, and with the same placeholders (C-08)."""

import re
from collections import Counter
from pathlib import Path
from string import Formatter
from typing import Final

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people.find_members import SearchField
from campaigns.core.model.enums import Choice, DataClass, Language, Purpose, Register
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, RequestOutcome
from campaigns.people.accounts.provider_login import SignInRefusal
from campaigns.people.desk.access_reasons import LookUpReason, PurchaseLinesPurpose
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.people.desk.changes import DESK_MARKS
from campaigns.store.people.audit_seals import FaultKind
from campaigns.web import page_renderer
from campaigns.web.members.choice_list import choice_groups
from campaigns.web.members.code_labels import COLUMN_LABELS
from campaigns.web.page_renderer import PageRenderer, page_texts

_PAGES: Final = Path(page_renderer.__file__).with_name("pages")
_CODE: Final = [path.read_text("utf-8") for path in _PAGES.parent.rglob("*.py")]
_SOURCE: Final = "\n".join([*_CODE, *(path.read_text("utf-8") for path in _PAGES.rglob("*.html"))])
REFUSALS: Final = (
    "unknown_member", "same_member", "no_reason", "no_case", "unknown_wording", "no_email", "no_phone",
    "no_postal_code", "country_not_served", "no_whole_address", "no_text", "no_term", "no_day", "no_seal", "no_actor",
    "too_many_rows", "too_many_days", "too_wide", "unprotected_goods", "closed_request", "cannot_put_off", "not_erased",
    "unknown_task", "no_caller_check", "caller_wrong", "caller_locked", "caller_no_answers", "caller_no_questions",
    "caller_no_address", "caller_too_many_codes", "proof_wrong", "contact_changed", "too_few_facts", "no_merge",
    "merged_again", "long_request", "unfinished_merge", "other_compared",
)  # fmt: skip
"""Codes of AuthorError that have a text for the desk."""
OTHER_ACTIONS: Final = (
    "list_requests", "log_in", "add_agent", "give_roles", "set_password", "disable_agent", "plan", "approve", "send",
    "publish", "unpublish", "read_audit", "export_audit", "verify_audit", "set_second_factor", "remove_second_factor",
    "allow_password", "link_agent", "review_categories",
)  # fmt: skip
"""Audited actions that concern no member."""
_COMPOSED: Final = {
    "error_": (400, 403, 404, 429, 500),
    "purpose_": Purpose,
    "class_": set(DataClass) - {DataClass.SPECIAL},
    "basis_": ("consent", "interest", "membership", "duty"),
    "purchases_": ("used", "totals", "unused"),
    "channel_": ("email", "sms", "post", "phone"),
    "language_": Language,
    "new_": ("email", "phone"),
    "data_": ("json", "csv", "html"),
    "desk_copy_": ("json", "csv", "html"),
    "restrict_": ("button", "help", "undo"),
    "object_": ("button", "help", "undo"),
    "because_": (*Purpose, "totals", "unused"),
    "chart_": ("spend", "messages", "spend_about", "messages_about"),
    "code_by_": ("email", "sms"),
    "no_marketing_": ("switch", "stop"),
    "owner_group_": ("note",),
    "everything_group_": ("note",),
    "standing_": ("restricted", "no_marketing"),
    "changed_": ("email", "phone"),
    "register_": Register,
    "by_": (*SearchField, "nothing"),
    "desk_key_": "svtymqgh",
    "fault_": FaultKind,
    "act_": OTHER_ACTIONS,
    "audit_export_": ("csv", "jsonl"),
    "audit_": ("subject", "actor"),
    "desk_": ("first", "last"),
    "ground_": LookUpReason,
    "lines_for_": PurchaseLinesPurpose,
    "mark_": DESK_MARKS,
    "do_mark_": ("deceased", "address_secret"),
    "unmark_": DESK_MARKS,
    "field_": ("first_name", "last_name", "email", "phone", "street", "postal_code", "city", "language"),
    "kind_": RequestKind,
    "ending_": RequestOutcome,
    "answer_": ProcessorAnswer,
    "from_": ConsentSource,
    "refused_": REFUSALS,
    "desk_provider_": [f"{reason}{ending}" for reason in SignInRefusal for ending in ("", "_title")],
    "done_": ("deceased", "address_secret"),
    "todo_": RequestKind,
    **{
        f"{act}_": ("ask_title", "ask_lead", "ask_note", "button", "done_title", "done_lead", "words")
        for act in ("prove", "refuse_change", "refuse_held")
    },
    "held_": ("access", "erase"),
    "unproven_": ("email", "phone"),
    "ask_": ("birth_date", "street", "postal_code", "email", "phone", "purchase_month", "purchase_store"),
    "check_send_": ("email", "sms"),
    "document_": IdentityDocument,
    "fact_": ("birth_date", "name", "email", "phone", "address"),
}


def placeholders(text: str) -> Counter[str | None]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("key", page_texts())
def test_a_text_has_the_same_placeholders_in_every_language(key):
    texts = page_texts()[key].localised.by_language().values()
    assert len({frozenset(placeholders(text)) for text in texts}) == 1


@pytest.mark.parametrize("key", page_texts())
def test_a_text_is_used(key):
    composed = {f"{stem}{part}" for stem, parts in _COMPOSED.items() for part in parts}
    composed |= {f"error_{status}_title" for status in _COMPOSED["error_"]}
    choice_keys = {f"{choice}{ending}" for choice in Choice for ending in ("", "_help")}
    assert re.search(rf"[\"']{key}[\"']", _SOURCE) or key in composed | choice_keys


def test_every_composed_text_exists():
    for stem, parts in _COMPOSED.items():
        for part in parts:
            assert f"{stem}{part}" in page_texts()


def test_every_text_named_by_a_page_exists():
    keys = set(re.findall(r'\bt\("(\w+)"[,)]', _SOURCE))
    assert keys <= page_texts().keys()


@pytest.mark.parametrize("language", Language)
def test_choice_titles_differ_between_languages(web_workspace, language):
    renderer = PageRenderer(web_workspace.engine.context.repository.settings)
    titles = [item.title for group in choice_groups(renderer, language) for item in group.items]
    assert len(titles) == len(set(titles))
    other_titles = {
        item.title
        for other in set(Language) - {language}
        for group in choice_groups(renderer, other)
        for item in group.items
    }
    assert not other_titles & set(titles)


@pytest.mark.parametrize("language", Language)
def test_every_audited_action_on_a_staff_account_has_a_label(language: Language) -> None:
    folder = _PAGES.parents[1] / "people" / "accounts"
    source = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    actions = set(re.findall(r'audit\.record\([^"]*"(\w+)"', source))
    assert {"add_agent", "set_second_factor", "link_agent", "allow_password"} <= actions
    assert {action for action in actions if COLUMN_LABELS["audit", "action"].label(action, language) == action} == set()
