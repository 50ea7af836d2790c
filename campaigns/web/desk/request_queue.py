"""The queue of members' requests: put off once, closed; a copy handed out, a member erased, processors told."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from campaigns.core.errors import AuthorError
from campaigns.core.model.privacy_rights import Answer, Ending, RequestKind
from campaigns.core.model.roles import Act
from campaigns.people.accounts import audit_log
from campaigns.people.privacy import erasure, processors, requests
from campaigns.people.privacy.subject_access import hand_out
from campaigns.store.people.people_tables import Request as Filed
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted
from campaigns.web.members.code_labels import PROCESSOR
from campaigns.web.members.data_pages import FORMS, Shown


@dataclass(frozen=True)
class Queue:
    """What waits, and what is done with it."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Seeing, putting off, closing, handing out, erasing, telling processors."""
        return (
            Task(f"{HOME}/requests", Act.ANSWER, self.show),
            Task(f"{HOME}/requests/later", Act.ANSWER, self.put_off),
            Task(f"{HOME}/requests/close", Act.ANSWER, self.close),
            Task(f"{HOME}/requests/copy", Act.ANSWER, self.copy),
            Task(f"{HOME}/requests/erase", Act.ANSWER, self.erase),
            Task(f"{HOME}/requests/told", Act.ANSWER, self.told),
        )

    def show(self, request: Request, _form: Posted, agent: AgentIn) -> HTMLResponse:
        """The open requests; that somebody looked at them is noted."""
        audit_log.noted(self.counter.engine(agent), "list_requests", "requests")
        return self._page(request, agent, "")

    def put_off(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Take the further months."""
        requests.put_off(self.counter.engine(agent), _number(form), form.one("because"))
        return self._page(request, agent, "done_later")

    def close(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """End a request."""
        ending = form.one("ending")
        if ending not in set(Ending):
            raise HTTPException(400)
        requests.close(self.counter.engine(agent), _number(form), Ending(ending), form.one("because"))
        return self._page(request, agent, "done_close")

    def copy(self, request: Request, form: Posted, agent: AgentIn) -> Response:
        """The member's copy as a file, to be brought to them; that it was handed out is noted."""
        engine, wanted = self.counter.engine(agent), form.one("form")
        if wanted not in FORMS:
            raise HTTPException(400)
        dossier = hand_out(engine, self._asked(form, agent, RequestKind.ACCESS).member_id, wanted, engine.actor)
        shown = Shown(self.counter.site.pages, engine.library.catalogue)
        return shown.to_take_along(dossier, wanted, self.counter.site.language(request))

    def erase(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Ask once more, and then forget the member; the request is closed with it."""
        engine, asked = self.counter.engine(agent), self._asked(form, agent, RequestKind.ERASE)
        if not form.one("confirmed"):
            return self.counter.page(request, agent, "erase", asked=asked)
        erasure.erase_and_tell(engine, asked.member_id)
        return self._page(request, agent, "done_erase")

    def told(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Keep that a processor was told, and what it answered."""
        answer = form.one("answer")
        if answer not in set(Answer):
            raise HTTPException(400)
        processors.answered(self.counter.engine(agent), _number(form), Answer(answer))
        return self._page(request, agent, "done_told")

    def _asked(self, form: Posted, agent: AgentIn, kind: RequestKind) -> Filed:
        """An open request of a kind; AuthorError when it is another."""
        asked = requests.open_one(self.counter.engine(agent), _number(form))
        if asked.kind != kind:
            raise AuthorError.about(str(asked.number), f"this is no request for {kind}", "another_kind", "look again")
        return asked

    def _page(self, request: Request, agent: AgentIn, said: str) -> HTMLResponse:
        engine = self.counter.engine(agent)
        today = requests.today(engine)
        rows = [(each, (each.due_on - today).days) for each in requests.waiting(engine)]
        tasks = [(each, (each.due_on - today).days) for each in processors.to_tell(engine)]
        return self.counter.page(
            request,
            agent,
            "queue",
            rows=rows,
            tasks=tasks,
            called=partial(PROCESSOR.word, language=self.counter.site.language(request)),
            said=said,
            endings=[each.value for each in Ending],
            answers=[each.value for each in Answer],
            forms=list(FORMS),
        )


def _number(form: Posted) -> int:
    written = form.one("number")
    if not written.isascii() or not written.isdecimal() or len(written) > 9:
        raise HTTPException(400)
    return int(written)
