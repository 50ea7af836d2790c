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
from campaigns.people.privacy.subject_access import hand_out
from campaigns.store.people.people_tables import PrivacyRequest as Filed
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted
from campaigns.web.members.code_labels import PROCESSOR
from campaigns.web.members.data_pages import FORMS, Shown


@dataclass(frozen=True)
class Queue:
    """Open requests and processor tasks, with their forms."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Return the tasks: list, extend, close, export, erase, record a processor's answer."""
        return (
            Task(f"{HOME}/requests", Permission.ANSWER, self.show),
            Task(f"{HOME}/requests/later", Permission.ANSWER, self.put_off),
            Task(f"{HOME}/requests/close", Permission.ANSWER, self.close),
            Task(f"{HOME}/requests/copy", Permission.ANSWER, self.copy),
            Task(f"{HOME}/requests/erase", Permission.ANSWER, self.erase),
            Task(f"{HOME}/requests/told", Permission.ANSWER, self.told),
        )

    def show(self, request: Request, _form: Posted, agent: AgentIn) -> HTMLResponse:
        """List the open requests, with an audit log row."""
        audit_log.noted(self.counter.engine(agent), "list_requests", "requests")
        return self._page(request, agent, "")

    def put_off(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Extend a request by the further months."""
        requests.put_off(self.counter.engine(agent), _number(form), form.one("because"))
        return self._page(request, agent, "done_later")

    def close(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Close a request."""
        ending = form.one("ending")
        if ending not in set(RequestOutcome):
            raise HTTPException(400)
        requests.close(self.counter.engine(agent), _number(form), RequestOutcome(ending), form.one("because"))
        return self._page(request, agent, "done_close")

    def copy(self, request: Request, form: Posted, agent: AgentIn) -> Response:
        """Return the member's data as a file to pass on, with an audit log row."""
        engine, file_format = self.counter.engine(agent), form.one("form")
        if file_format not in FORMS:
            raise HTTPException(400)
        export = hand_out(
            engine, self._open_request(form, agent, RequestKind.ACCESS).member_id, file_format, engine.actor
        )
        data_pages = Shown(self.counter.site.pages, engine.library.catalogue)
        return data_pages.to_take_along(export, file_format, self.counter.site.language(request))

    def erase(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Ask for confirmation, then erase the member; that closes the request."""
        engine, filed = self.counter.engine(agent), self._open_request(form, agent, RequestKind.ERASE)
        if not form.one("confirmed"):
            return self.counter.page(request, agent, "erase", asked=filed)
        erasure.erase_and_tell(engine, filed.member_id)
        return self._page(request, agent, "done_erase")

    def told(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Record that a processor was told, and its answer."""
        answer = form.one("answer")
        if answer not in set(ProcessorAnswer):
            raise HTTPException(400)
        processors.answered(self.counter.engine(agent), _number(form), ProcessorAnswer(answer))
        return self._page(request, agent, "done_told")

    def _open_request(self, form: Posted, agent: AgentIn, kind: RequestKind) -> Filed:
        """Return an open request of a kind; raise UserError when it is of another kind."""
        filed = requests.open_one(self.counter.engine(agent), _number(form))
        if filed.kind != kind:
            raise UserError.about(str(filed.number), f"this is not a request for {kind}", "another_kind", "look again")
        return filed

    def _page(self, request: Request, agent: AgentIn, said: str) -> HTMLResponse:
        engine = self.counter.engine(agent)
        today = requests.today(engine)
        rows = [(row, (row.due_on - today).days) for row in requests.waiting(engine)]
        tasks = [(task, (task.due_on - today).days) for task in processors.to_tell(engine)]
        return self.counter.page(
            request,
            agent,
            "queue",
            rows=rows,
            tasks=tasks,
            called=partial(PROCESSOR.word, language=self.counter.site.language(request)),
            said=said,
            endings=[ending.value for ending in RequestOutcome],
            answers=[answer.value for answer in ProcessorAnswer],
            forms=list(FORMS),
        )


def _number(form: Posted) -> int:
    text = form.one("number")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise HTTPException(400)
    return int(text)
