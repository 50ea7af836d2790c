"""The web application: health, and the pictures that messages show."""

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.engine import Engine


def application(engine: Engine) -> FastAPI:
    """The application over one engine."""
    app = FastAPI(title="Viesti", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Whether the process answers and its ledger can be read."""
        try:
            with engine.ledger.read() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"ledger": "unreachable"}, status_code=503)
        return JSONResponse({"ledger": "ok", "now": engine.clock.now().isoformat()})

    app.mount("/images", StaticFiles(directory=engine.workspace.images, check_dir=False))
    return app
