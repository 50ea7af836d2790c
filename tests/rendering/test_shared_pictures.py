"""Pictures of a gallery: each stands in the page once, and comes back into every frame that shows it."""

import re

from campaigns.rendering.gallery.shared_pictures import SharedPictures

RED, BLUE = "data:image/png;base64,UkVE", "data:image/jpeg;base64,QkxVRQ=="


def test_a_picture_that_several_frames_show_is_kept_once():
    pictures = SharedPictures()
    frames = [f'<img src="{RED}"><p style="background:url({BLUE})">', f'<img src="{BLUE}">', "<p>none</p>"]
    shared = [pictures.share(frame) for frame in frames]
    assert pictures.addresses == (RED, BLUE)
    assert not any("base64" in frame for frame in shared)
    restored = [
        re.sub(r"data:,picture-(\d+)", lambda match: pictures.addresses[int(match[1])], frame) for frame in shared
    ]
    assert restored == frames
