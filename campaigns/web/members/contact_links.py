"""Pages behind links of notices: confirm a new address, block a change of contact, cancel a request on hold.

Each shows a button first: a link scanner that opens the page changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from campaigns.core.tokens import DeliveryLink, InvalidTokenError
from campaigns.people.privacy import contact_proofs
from campaigns.runs.notices.notice_sender import HELD_PATH, PROOF_PATH, REFUSAL_PATH
from campaigns.web.page_context import READ_METHODS, PageContext
from campaigns.workspace.context import Context


@dataclass(frozen=True, slots=True)
class LinkAct:
    """Act of a link: its path, the prefix of its texts, and the change that its button makes."""

    path: str
    texts: str
    carry_out: Callable[[Context, int, int, str], bool]


def _prove(context: Context, number: int, nonce: int, _words: str) -> bool:
    return contact_proofs.prove_by_link(context, number, nonce)


_ACTS = (
    LinkAct(PROOF_PATH, "prove", _prove),
    LinkAct(REFUSAL_PATH, "refuse_change", contact_proofs.refuse_change),
    LinkAct(HELD_PATH, "refuse_held", contact_proofs.refuse_held_request),
)


@dataclass(frozen=True)
class ContactLinkPages:
    """Pages behind the links of notices about a changed contact. They show nothing about the member."""

    page_context: PageContext

    def add_routes(self, router: APIRouter) -> None:
        """Add a page and a form for each act."""
        for act in _ACTS:
            path = f"/{act.path}/{{token}}"
            router.add_api_route(path, partial(self._show, act), methods=READ_METHODS, response_class=HTMLResponse)
            router.add_api_route(path, partial(self._act, act), methods=["POST"], response_class=HTMLResponse)

    def _show(self, act: LinkAct, request: Request, token: str) -> HTMLResponse:
        self._link(act, request, token)
        return self._page(act, request, "ask")

    def _act(self, act: LinkAct, request: Request, token: str) -> HTMLResponse:
        link = self._link(act, request, token)
        words = self.page_context.renderer.translate(
            f"{act.texts}_words", self.page_context.context.repository.settings.default_language
        )
        is_done = act.carry_out(self.page_context.context, link.position, link.run_number, words)
        return self._page(act, request, "done" if is_done else "late")

    def _link(self, act: LinkAct, request: Request, token: str) -> DeliveryLink:
        try:
            return self.page_context.context.signer.read_link(act.path, token)
        except InvalidTokenError:
            raise self.page_context.invalid_link_error(request) from None

    def _page(self, act: LinkAct, request: Request, stage: str) -> HTMLResponse:
        language = self.page_context.language(request)
        status = 410 if stage == "late" else 200
        return self.page_context.render(request, "contact_link", language, status, texts=act.texts, stage=stage)
