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
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import QUEUE
from campaigns.web.desk.refusals import Refusal
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields, parse_number
from campaigns.web.members.code_labels import PROCESSOR_LABELS
from campaigns.web.members.data_pages import EXPORT_FORMATS, DataPages


@dataclass(frozen=True)
class RequestQueuePages:
    """Open requests and processor tasks, with their forms."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: open the queue, extend, close, export, erase, record a processor's answer."""
        paths = {
            "": self.open,
            "/later": self.extend,
            "/close": self.close,
            "/copy": self.export,
            "/erase": self.erase,
            "/told": self.record_answer,
        }
        return [
            DeskTask(f"{DESK_HOME}/requests{path}", Permission.ANSWER, handler, self.refuse)
            for path, handler in paths.items()
        ]

    def views(self) -> Sequence[DeskView]:
        """Return the queue, and the confirmation of an erasure."""
        return (
            DeskView(f"{DESK_HOME}/queue/{{ticket}}", Permission.ANSWER, self.show),
            DeskView(f"{DESK_HOME}/queue/{{ticket}}/erase", Permission.ANSWER, self.confirm_erasure),
        )

    def open(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Open the queue, with an audit log row."""
        audit_log.note_access(self.desk.context_as(agent), "list_requests", "requests")
        return self._return(request, form, agent)

    def extend(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Extend a request by the further months."""
        requests.extend(self.desk.context_as(agent), _number(form), form.value("because"))
        return self._return(request, form, agent, done="done_later")

    def close(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Close a request."""
        ending = form.value("ending")
        if ending not in set(RequestOutcome):
            raise HTTPException(400)
        requests.close(self.desk.context_as(agent), _number(form), RequestOutcome(ending), form.value("because"))
        return self._return(request, form, agent, done="done_close")

    def export(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Return the member's data as a file to pass on, with an audit log row."""
        context, file_format = self.desk.context_as(agent), form.value("form")
        if file_format not in EXPORT_FORMATS:
            raise HTTPException(400)
        member_id = self._open_request(_number(form), agent, RequestKind.ACCESS).member_id
        export = export_with_audit(self.desk.page_context.engine.queries, member_id, file_format, context.actor)
        data_pages = DataPages(self.desk.page_context.renderer, context.repository.catalogue)
        return data_pages.download(export, file_format, self.desk.page_context.language(request))

    def erase(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Ask for confirmation, then erase the member; that closes the request."""
        context, filed = self.desk.context_as(agent), self._open_request(_number(form), agent, RequestKind.ERASE)
        if not form.value("confirmed"):
            ticket = self.desk.tickets.open(agent, QUEUE, {"erase": filed.number})
            return self.desk.redirect(request, f"/queue/{ticket}/erase")
        copies = erasure.erase_and_notify(context, filed.member_id)
        return self._return(request, form, agent, done="done_erase", copies=copies.days())

    def record_answer(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Record that a processor was told, and its answer."""
        answer = form.value("answer")
        if answer not in set(ProcessorAnswer):
            raise HTTPException(400)
        processors.record_answer(self.desk.context_as(agent), _number(form), ProcessorAnswer(answer))
        return self._return(request, form, agent, done="done_told")

    def refuse(self, request: Request, form: FormFields, agent: SignedInStaff, error: UserError) -> Response:
        """Show the queue again, with the problem at the field of its request."""
        names = {form.value("number"): "because", "no_reason": "because"}
        refused = Refusal.of(request.url.path.rsplit("/", 1)[-1], form, error, names)
        return self._return(request, form, agent, refused=refused.to_json())

    def show(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the open requests, most urgent first, and the processors to be told."""
        content = self.desk.content_of_page(agent, QUEUE, ticket)
        context, refused = self.desk.context_as(agent), Refusal.from_json(content.get("refused"))
        language = self.desk.page_context.language(request)
        today = requests.today(context)
        return self.desk.render(
            request,
            agent,
            "queue",
            400 if refused.errors else 200,
            ticket=ticket,
            rows=[(row, (row.due_on - today).days) for row in requests.list_open(context)],
            tasks=[(task, (task.due_on - today).days) for task in processors.open_tasks(context)],
            called=partial(PROCESSOR_LABELS.label, language=self.desk.page_context.language(request)),
            said=content.get("done", ""),
            copies=copy_lines(content.get("copies", {}), language, context.repository.settings),
            refused=refused,
            endings=[ending.value for ending in RequestOutcome],
            answers=[answer.value for answer in ProcessorAnswer],
            forms=list(EXPORT_FORMATS),
        )

    def confirm_erasure(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the request for an erasure before it is carried out."""
        number = self.desk.content_of_page(agent, QUEUE, ticket).get("erase")
        if number is None:
            raise HTTPException(404)
        return self.desk.render(
            request, agent, "erase", filed=self._open_request(number, agent, RequestKind.ERASE), ticket=ticket
        )

    def _open_request(self, number: int, agent: SignedInStaff, kind: RequestKind) -> PrivacyRequest:
        """Return an open request of a kind; raise UserError when it is of another kind."""
        filed = requests.get_open(self.desk.context_as(agent), number)
        if filed.kind != kind:
            raise UserError.about(str(filed.number), f"this is not a request for {kind}", "another_kind", "look again")
        return filed

    def _return(self, request: Request, form: FormFields, agent: SignedInStaff, **outcome: object) -> Response:
        """Redirect to the queue: to the page that the form was on, or to a new one."""
        ticket = form.value("ticket")
        if self.desk.tickets.read(agent, QUEUE, ticket) is None:
            ticket = self.desk.tickets.open(agent, QUEUE, outcome)
        else:
            self.desk.tickets.write(agent, QUEUE, ticket, outcome)
        return self.desk.redirect(request, f"/queue/{ticket}")


def _number(form: FormFields) -> int:
    number = parse_number(form.value("number"))
    if number is None:
        raise HTTPException(400)
    return number
