"""Picture inside of an e-mail: its HTML shows it by its Content-ID, and nothing is fetched (GD-22)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """PNG that an e-mail brings along; `content_id` is that of `<img src="cid:…">`, without brackets."""

    content_id: str
    file_name: str
    content: bytes = field(repr=False)
