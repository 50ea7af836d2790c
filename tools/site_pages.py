"""Hook of mkdocs: pages of the repository's root become pages of the site, with their links adapted."""

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

ROOT: Final = Path(__file__).parents[1]
ROOT_PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK: Final = re.compile(r"\]\(([^)\s:#]+)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the root to those of docs/."""
    for name, target in ROOT_PAGES.items():
        files.append(File.generated(config, target, content=adapt_links((ROOT / name).read_text("utf-8"))))
    return files


def adapt_links(text: str) -> str:
    """Return a page of the root with links that start from docs/."""
    return _LINK.sub(lambda match: "](" + ROOT_PAGES.get(match[1], match[1].removeprefix("docs/")), text)
