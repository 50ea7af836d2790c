"""Desk pages of the audit log for supervisors: search, verification of the chain, export; each is audited itself."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from campaigns.channels.folder_outbox import spreadsheet_csv
from campaigns.core.clock import local_day, midnight
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.core.model.roles import Permission
from campaigns.people.accounts import audit_log
from campaigns.store.people.audit import AuditQuery
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import AUDIT
from campaigns.web.desk.refusals import Refusal
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields, parse_day, parse_number
from campaigns.web.members.code_labels import COLUMN_LABELS, CellFormatter
from campaigns.web.page_renderer import page_texts, read_text_file, translate

ROWS_ON_PAGE: Final = 50
_FILTERS: Final = ("subject", "actor", "action", "first", "last")
_MAX_DIGITS: Final = 15
_COLUMNS: Final = ("seq", "at", "actor", "action", "subject", "detail")
_MEDIA_TYPES: Final[Mapping[str, str]] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_ACTOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")  # it is noted in the log, which outlives people


@dataclass(frozen=True)
class AuditPages:
    """Search page of the audit log."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: search, verify, export."""
        paths = {"": self.search, "/verify": self.verify, "/export": self.export}
        return [
            DeskTask(f"{DESK_HOME}/audit{path}", Permission.READ_AUDIT, handler, self.refuse)
            for path, handler in paths.items()
        ]

    def views(self) -> Sequence[DeskView]:
        """Return the only page: the rows of a search, and the result of a verification."""
        return (DeskView(f"{DESK_HOME}/log/{{ticket}}", Permission.READ_AUDIT, self.show),)

    def search(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Write the search into the log and open its page."""
        filters = _filters(form)
        query = self._query(filters)
        self._limit(agent)
        audit_log.note_search(self.desk.context_as(agent), "read_audit", query)
        return self._open(request, agent, filters)

    def verify(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Verify the whole log, and show the first row that does not fit."""
        filters = self._filters_of_page(form, agent)
        self._limit(agent)
        context = self.desk.context_as(agent)
        audit_log.note_access(context, "verify_audit", "audit")
        result = audit_log.verify(context, form.value("seal").strip() or None)
        fault = result.fault
        verdict = {
            "rows": result.rows,
            "seal": "" if result.last is None else str(result.last),
            "fault": None if fault is None else {"row": fault.row, "kind": fault.kind.value, "seal": fault.seal},
        }
        return self._open(request, agent, filters, verdict=verdict)

    def export(self, _request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Return the rows of a search as a file: CSV for a spreadsheet, or JSON Lines."""
        file_format = form.value("form")
        if file_format not in _MEDIA_TYPES:
            raise HTTPException(400)
        query = self._query(self._filters_of_page(form, agent))
        self._limit(agent)
        context = self.desk.context_as(agent)
        rows = audit_log.export(context, query, file_format)
        content = _csv_file(rows) if file_format == "csv" else _json_lines(rows)
        made_on = local_day(context.clock.now(), context.repository.settings.zone)
        headers = {"Content-Disposition": f'attachment; filename="viesti-audit-{made_on}.{file_format}"'}
        return Response(content, headers=headers, media_type=_MEDIA_TYPES[file_format])

    def refuse(self, request: Request, form: FormFields, agent: SignedInStaff, error: UserError) -> Response:
        """Show the search form again with its problems."""
        names = {form.value("seal"): "seal"} if form.value("seal") else {}
        refused = Refusal.of(request.url.path.rsplit("/", 1)[-1], form, error, names)
        filters = _filters(form) if refused.form == "audit" else self._filters_of_page(form, agent)
        return self._open(request, agent, filters, refused=refused.to_json())

    def show(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show one page of the rows, newest first; a refused search shows none."""
        content = self.desk.content_of_page(agent, AUDIT, ticket)
        refused = Refusal.from_json(content["refused"])
        before = parse_number(request.query_params.get("before", ""), _MAX_DIGITS)
        rows, more = ((), False) if refused.form == "audit" else self._rows(agent, content["filters"], before)
        language = self.desk.page_context.language(request)
        formatter = CellFormatter(
            self.desk.page_context.renderer.settings, language, partial(_field_title, language=language), _text
        )
        return self.desk.render(
            request,
            agent,
            "audit",
            400 if refused.errors else 200,
            ticket=ticket,
            filters=content["filters"],
            verdict=content["verdict"],
            refused=refused,
            rows=[(row, formatter.cell("audit", "detail", row)) for row in rows],
            zone=self.desk.page_context.context.repository.settings.zone,
            older=rows[-1]["seq"] if more else None,
            is_first=before is None,
            actions=_actions(),
            label=COLUMN_LABELS["audit", "action"].label,
            page_language=language,
            most=audit_log.MAX_EXPORT,
        )

    def _rows(
        self, agent: SignedInStaff, filters: Mapping[str, str], before: int | None
    ) -> tuple[Sequence[Mapping[str, Any]], bool]:
        return audit_log.search(self.desk.context_as(agent), self._query(filters), ROWS_ON_PAGE, before)

    def _query(self, filters: Mapping[str, str]) -> AuditQuery:
        """Return the query of the filters; raise UserError for a day or an account that is none."""
        context = self.desk.page_context.context
        if filters["actor"] and not _ACTOR.fullmatch(filters["actor"]):
            raise UserError.about("actor", "this is not the name of an account", "no_actor", "no names of people")
        if filters["action"] and filters["action"] not in _actions():
            raise HTTPException(400)
        subject, first, last = filters["subject"], _day(filters, "first"), _day(filters, "last")
        return AuditQuery(
            subjects=audit_log.subjects_of(context, subject) if subject else frozenset(),
            actor=filters["actor"],
            action=filters["action"],
            since=None if first is None else self._midnight(first),
            until=None if last is None else self._midnight(last + timedelta(days=1)),
        )

    def _midnight(self, day: date) -> datetime:
        return midnight(day, self.desk.page_context.context.repository.settings.zone)

    def _filters_of_page(self, form: FormFields, agent: SignedInStaff) -> Mapping[str, str]:
        """Return the filters of the page that a form was on; HTTP 403 without its ticket."""
        content = self.desk.tickets.read(agent, AUDIT, form.value("ticket"))
        if content is None:
            raise HTTPException(403)
        filters: Mapping[str, str] = content["filters"]
        return filters

    def _open(
        self,
        request: Request,
        agent: SignedInStaff,
        filters: Mapping[str, str],
        verdict: Mapping[str, Any] | None = None,
        refused: Mapping[str, Any] | None = None,
    ) -> Response:
        content = {"filters": filters, "verdict": verdict, "refused": refused}
        return self.desk.redirect(request, f"/log/{self.desk.tickets.open(agent, AUDIT, content)}")

    def _limit(self, agent: SignedInStaff) -> None:
        if not self.desk.audit_throttle.allows(agent.account.name, self.desk.page_context.now):
            raise HTTPException(429)


def _filters(form: FormFields) -> Mapping[str, str]:
    return {name: form.value(name).strip() for name in _FILTERS}


def _day(filters: Mapping[str, str], name: str) -> date | None:
    return parse_day(filters[name], name) if filters[name] else None


def _actions() -> list[str]:
    """Return the actions that have a label, as the form offers them: on members, and all others."""
    keys = [*read_text_file("code_labels.yaml"), *page_texts()]
    names = (key.partition("_") for key in keys if key.startswith(("action_", "act_")))
    return sorted(name for _, _, name in names)


def _field_title(name: str, language: Language) -> str:
    """Return what the desk's form calls a contact field; its own name for any other."""
    key = f"field_{name}"
    return translate(key, language) if key in page_texts() else name


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _csv_file(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return spreadsheet_csv(_COLUMNS, (_cells(row) for row in rows))


def _cells(row: Mapping[str, Any]) -> list[str]:
    detail = json.dumps(row["detail"], ensure_ascii=False, sort_keys=True) if row["detail"] else ""
    return [str(row["seq"]), row["at"].isoformat(), row["actor"], row["action"], row["subject"], detail]


def _json_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    lines = (json.dumps({**row, "at": row["at"].isoformat()}, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()
