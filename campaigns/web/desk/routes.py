"""Routes of the service desk."""

from collections.abc import Sequence

from fastapi import APIRouter

from campaigns.web.desk.audit_pages import AuditPages
from campaigns.web.desk.caller_check import CallerCheckPages
from campaigns.web.desk.desk_pages import DeskPages, DeskTask, DeskView
from campaigns.web.desk.member_changes import MemberChangePages
from campaigns.web.desk.member_page import MemberPage
from campaigns.web.desk.member_search import MemberSearchPages
from campaigns.web.desk.merge_pages import MergePages
from campaigns.web.desk.provider_sign_in import ProviderSignInPages
from campaigns.web.desk.purchase_lookup import PurchaseLookupPage
from campaigns.web.desk.request_queue import RequestQueuePages
from campaigns.web.desk.staff_login import StaffLoginPages
from campaigns.web.desk.staff_session import StaffSessions
from campaigns.web.page_context import PageContext


def add_desk_routes(router: APIRouter, page_context: PageContext) -> None:
    """Add the routes of the service desk."""
    desk = DeskPages(page_context, StaffSessions(page_context))
    StaffLoginPages(desk).add_routes(router)
    if desk.identity_provider is not None:
        ProviderSignInPages(desk, desk.identity_provider).add_routes(router)
    desk.add_routes(router, desk_tasks(desk), desk_views(desk))


def desk_tasks(desk: DeskPages) -> Sequence[DeskTask]:
    """Return every form that requires a role."""
    pages = (
        MemberSearchPages(desk),
        CallerCheckPages(desk),
        MemberChangePages(desk),
        MergePages(desk),
        PurchaseLookupPage(desk),
        RequestQueuePages(desk),
        AuditPages(desk),
    )
    return [task for page in pages for task in page.tasks()]


def desk_views(desk: DeskPages) -> Sequence[DeskView]:
    """Return every page that a ticket opens."""
    pages = (
        MemberSearchPages(desk),
        MemberPage(desk),
        MergePages(desk),
        PurchaseLookupPage(desk),
        RequestQueuePages(desk),
        AuditPages(desk),
    )
    return [view for page in pages for view in page.views()]
