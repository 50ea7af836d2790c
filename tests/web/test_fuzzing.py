"""Generated requests to every route: no server error and no leaked member data."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.web.app import application
from campaigns.web.webhooks import WEBHOOK_PATHS
from tests.support.examples import examples
from tests.support.web_client import AINO, WebWorkspace

FIELDS = (
    "address",
    "answer",
    "by",
    "challenge",
    "code",
    "form",
    "kind",
    "language",
    "on",
    "proof",
    "shown",
    "stop",
    "sure",
    "words",
    "List-Unsubscribe",
    "name",
    "password",
    "member",
    "number",
    "reason",
)
_EXAMPLES = 6


def schema_with_forms(app: FastAPI) -> dict[str, Any]:
    """OpenAPI schema of the application, with the form fields, which the application parses by hand."""
    schema = app.openapi()
    properties = {field: {"type": "string"} for field in FIELDS}
    form = {"schema": {"type": "object", "properties": properties}}
    body = {"content": dict.fromkeys(("application/x-www-form-urlencoded", "multipart/form-data"), form)}
    for path in schema["paths"].values():
        if "post" in path:
            path["post"].setdefault("requestBody", body)
    webhook = {"requestBody": body, "responses": {"204": {"description": "stored"}}}
    return schema | {"paths": schema["paths"] | {path: {"post": webhook} for path in WEBHOOK_PATHS}}


@pytest.fixture
def operations(web_workspace: WebWorkspace, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", SendGridDouble().public_key)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setattr("campaigns.web.network_pace.LONGEST_DELAY", 0.0)  # the fuzzer is one network
    app = application(web_workspace.engine)
    pages = app.app.app.pages.app
    pages.add_api_route("/openapi.json", lambda: schema_with_forms(pages), include_in_schema=False)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    return [operation.ok() for operation in schema.get_all_operations()]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # GET and HEAD of a page are one
def test_generated_requests_cause_no_server_error_and_show_no_member(web_workspace: WebWorkspace, operations):
    assert len(operations) >= 20
    contact = web_workspace.contact(AINO)
    secrets = [str(contact[name]) for name in ("email", "phone", "street")]
    for operation in operations:

        @settings(
            max_examples=examples(_EXAMPLES),
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check_case(case: Any) -> None:
            response = case.call()
            case.validate_response(response, checks=[not_a_server_error])
            assert response.headers["x-content-type-options"] == ["nosniff"]
            assert not [secret for secret in secrets if secret in response.text]

        check_case()
