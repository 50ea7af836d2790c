"""Settings of the staff's sign-in, written into a sample workspace."""

from tests.support.sample_workspace import SampleWorkspace


def set_staff(workspace: SampleWorkspace, text: str) -> None:
    """Write the key `staff` of the settings, and read them again."""
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(f"{path.read_text('utf-8')}\nstaff: {text}\n", "utf-8")
    workspace.reload()


def oidc(issuer: str, name_claim: str = "preferred_username", roles: str = "viesti-desk: [desk]") -> str:
    """Return the settings of an identity provider, in one line."""
    scopes = "scopes: [profile, groups]"
    names = f"name_claim: {name_claim}, roles_claim: groups, roles: {{{roles}}}"
    return f'oidc: {{issuer: "{issuer}", client_id: viesti, {names}, contact: it@example.org, {scopes}}}'
