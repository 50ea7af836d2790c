"""Process of a real identity provider, Canaille, with two people, a group and our client; killed after use.

Usage: python -m tests.support.canaille_server PORT REDIRECT_URI
"""

import os
import sys
from typing import Any

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"  # http on the loopback

CLIENT_ID, CLIENT_SECRET = "viesti", "the secret of a test"
PASSWORD = "correct horse battery staple"


def configuration(port: int) -> dict[str, Any]:
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048)
    key.ensure_kid()
    return {
        "SECRET_KEY": "of a test",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {
            "DATABASE": "memory",
            "JAVASCRIPT": False,
            "TIMEZONE": "UTC",
            "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"], "READ": ["user_name", "groups"], "WRITE": []}},
        },
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)], "TRUSTED_DOMAINS": ["localhost", "127.0.0.1"]},
    }


def fill(redirect_uri: str) -> None:
    """Create the people, the group and the client."""
    from canaille.app import models
    from canaille.backends import Backend

    backend = Backend.instance
    people = [
        models.User(
            formatted_name=name.capitalize(), given_name=name.capitalize(), family_name="Mäki", user_name=name,
            emails=[f"{name}@example.org"], password=PASSWORD,
        )
        for name in ("maija", "vieras")
    ]  # fmt: skip
    for person in people:
        backend.save(person)
    backend.save(models.Group(display_name="viesti-desk", members=[people[0]]))
    base = redirect_uri.partition("/desk/")[0]
    client = models.Client(
        client_id=CLIENT_ID,
        client_name="Viesti",
        client_secret=CLIENT_SECRET,
        client_uri=base,
        redirect_uris=[redirect_uri],
        post_logout_redirect_uris=[f"{base}/desk"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )
    backend.save(client)
    client.audience = [client]
    backend.save(client)


def main() -> None:
    from canaille import create_app

    port, redirect_uri = int(sys.argv[1]), sys.argv[2]
    app = create_app(configuration(port))
    with app.app_context():
        fill(redirect_uri)
    app.run(host="127.0.0.1", port=port, threaded=True)


if __name__ == "__main__":
    main()
