"""Queue of privacy requests: extend, close, export, erase, and record processor answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, RequestOutcome
from campaigns.core.model.roles import Permission
from campaigns.people.accounts import audit_log
from campaigns.people.privacy import erasure, processors, requests
from campaigns.people.privacy.subject_access import export_with_audit
from campaigns.rendering.notice_writer import copy_lines
from campaigns.store.people.people_tables import PrivacyRequest
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields
from campaigns.web.members.code_labels import PROCESSOR_LABELS
from campaigns.web.members.data_pages import EXPORT_FORMATS, DataPages


@dataclass(frozen=True)
class RequestQueuePages:
    """Open requests and processor tasks, with their forms."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: list, extend, close, export, erase, record a processor's answer."""
        return (
            DeskTask(f"{DESK_HOME}/requests", Permission.ANSWER, self.show),
            DeskTask(f"{DESK_HOME}/requests/later", Permission.ANSWER, self.extend),
            DeskTask(f"{DESK_HOME}/requests/close", Permission.ANSWER, self.close),
            DeskTask(f"{DESK_HOME}/requests/copy", Permission.ANSWER, self.export),
            DeskTask(f"{DESK_HOME}/requests/erase", Permission.ANSWER, self.erase),
            DeskTask(f"{DESK_HOME}/requests/told", Permission.ANSWER, self.record_answer),
        )

    def show(self, request: Request, _form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """List the open requests, with an audit log row."""
        audit_log.note_access(self.desk.context_as(agent), "list_requests", "requests")
        return self._page(request, agent, "")

    def extend(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Extend a request by the further months."""
        requests.extend(self.desk.context_as(agent), _number(form), form.value("because"))
        return self._page(request, agent, "done_later")

    def close(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Close a request."""
        ending = form.value("ending")
        if ending not in set(RequestOutcome):
            raise HTTPException(400)
        requests.close(self.desk.context_as(agent), _number(form), RequestOutcome(ending), form.value("because"))
        return self._page(request, agent, "done_close")

    def export(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Return the member's data as a file to pass on, with an audit log row."""
        context, file_format = self.desk.context_as(agent), form.value("form")
        if file_format not in EXPORT_FORMATS:
            raise HTTPException(400)
        member_id = self._open_request(form, agent, RequestKind.ACCESS).member_id
        export = export_with_audit(self.desk.page_context.engine.queries, member_id, file_format, context.actor)
        data_pages = DataPages(self.desk.page_context.renderer, context.repository.catalogue)
        return data_pages.download(export, file_format, self.desk.page_context.language(request))

    def erase(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Ask for confirmation, then erase the member; that closes the request."""
        context, filed = self.desk.context_as(agent), self._open_request(form, agent, RequestKind.ERASE)
        if not form.value("confirmed"):
            return self.desk.render(request, agent, "erase", filed=filed)
        copies = erasure.erase_and_notify(context, filed.member_id)
        language = self.desk.page_context.language(request)
        lines = copy_lines(copies.days(), language, context.repository.settings)
        return self._page(request, agent, "done_erase", lines)

    def record_answer(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Record that a processor was told, and its answer."""
        answer = form.value("answer")
        if answer not in set(ProcessorAnswer):
            raise HTTPException(400)
        processors.record_answer(self.desk.context_as(agent), _number(form), ProcessorAnswer(answer))
        return self._page(request, agent, "done_told")

    def _open_request(self, form: FormFields, agent: SignedInStaff, kind: RequestKind) -> PrivacyRequest:
        """Return an open request of a kind; raise UserError when it is of another kind."""
        filed = requests.get_open(self.desk.context_as(agent), _number(form))
        if filed.kind != kind:
            raise UserError.about(str(filed.number), f"this is not a request for {kind}", "another_kind", "look again")
        return filed

    def _page(self, request: Request, agent: SignedInStaff, done_text: str, copies: Sequence[str] = ()) -> HTMLResponse:
        context = self.desk.context_as(agent)
        today = requests.today(context)
        rows = [(row, (row.due_on - today).days) for row in requests.list_open(context)]
        tasks = [(task, (task.due_on - today).days) for task in processors.open_tasks(context)]
        return self.desk.render(
            request,
            agent,
            "queue",
            rows=rows,
            tasks=tasks,
            called=partial(PROCESSOR_LABELS.label, language=self.desk.page_context.language(request)),
            said=done_text,
            copies=copies,
            endings=[ending.value for ending in RequestOutcome],
            answers=[answer.value for answer in ProcessorAnswer],
            forms=list(EXPORT_FORMATS),
        )


def _number(form: FormFields) -> int:
    text = form.value("number")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise HTTPException(400)
    return int(text)
