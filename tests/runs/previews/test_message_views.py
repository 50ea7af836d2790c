"""Pictures of a gallery: those of the workspace, by the addresses under which messages show them."""

from pathlib import Path

import pytest

from campaigns.runs.previews.message_views import WorkspacePictures


def test_a_picture_of_the_workspace_is_put_into_the_page(tmp_path: Path) -> None:
    (tmp_path / "tea leaf.png").write_bytes(b"leaf")
    picture = WorkspacePictures(tmp_path).load("https://a.example/images/tea%20leaf.png?v=1")
    assert picture == "data:image/png;base64,bGVhZg=="


@pytest.mark.hostile
@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/images/../secret.png",
        "https://a.example/images/%2e%2e/secret.png",
        "https://a.example/images/link.png",
        "https://a.example/images/nul%00.png",
        f"https://a.example/images/{'a' * 5000}.png",
        "https://[a.example/images/tea.png",
        "https://a.example/tea.png",
    ],
)
def test_an_address_of_anything_else_shows_no_picture(tmp_path: Path, address: str) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    assert WorkspacePictures(images).load(address) is None
