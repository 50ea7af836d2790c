"""Jinja environment of pages: values are escaped, and undefined ones fail."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def page_environment(folder: Path) -> Environment:
    """Return the environment of a folder's templates; compiled ones are kept, and depend on no organisation."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
