"""Output of written previews: where they are, what they show, and why a gallery shows no members."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from campaigns.runs.composing.preview import WrittenPreview
    from campaigns.runs.previews.write_gallery import WrittenGallery

_NOTES: Final = {
    "no_plan": "samples only: the campaign has no plan; `viesti plan {campaign}` makes one",
    "no_role": "samples only: your account may not see members' data; `viesti agent list` says who may",
    "none_left": "samples only: nobody in {run} would get the message now; `viesti plan {campaign}` plans anew",
    "not_planned": "samples only: the members of {run} cannot be planned with the files as they are now",
    "personal": "the page holds personal data of members: keep it to yourself, and delete it when you are done",
}


def print_preview(campaign: str, member: str, written: "WrittenPreview", *, json: bool) -> None:
    """Print the file of one member's message, and its offers with their reasons in the language of the message."""
    offers = [{"title": title, "reason": reason} for title, reason in written.offers]
    if json:
        output.print_json({"campaign": campaign, "member": member, "file": str(written.file), "offers": offers})
        return
    output.print_line(str(written.file))
    for title, reason in written.offers:
        output.print_line(f"  {title}: {reason or 'not by purchases'}")


def print_gallery(written: "WrittenGallery", *, json: bool) -> None:
    """Print the file of a gallery and its counts."""
    gallery = written.gallery
    samples = sum(1 for entry in gallery.entries if entry.member_id is None)
    if json:
        output.print_json(
            {
                "campaign": gallery.campaign,
                "file": str(written.file),
                "messages": len(gallery.entries),
                "samples": samples,
                "members": list(gallery.members),
                "run": gallery.run_id if gallery.members else None,
                "seed": gallery.seed,
                "channels": dict(Counter(entry.channel.value for entry in gallery.entries)),
                "languages": dict(Counter(entry.language.value for entry in gallery.entries)),
                "variants": dict(Counter(entry.variant for entry in gallery.entries)),
                "problems": [
                    {"place": entry.anchor, "problem": entry.problem} for entry in gallery.entries if entry.problem
                ],
                "notes": list(gallery.notes),
                "members_left_out": [str(problem) for problem in written.problems],
            }
        )
        return
    output.print_line(str(written.file))
    of_members = (
        f", {len(gallery.members)} of members of {gallery.run_id} (seed {gallery.seed})" if gallery.members else ""
    )
    output.print_line(f"{len(gallery.entries)} messages: {samples} of samples{of_members}; nothing was sent")
    for note in gallery.notes:
        output.print_line(_NOTES[note].format(campaign=gallery.campaign, run=gallery.run_id))
    output.print_problems(written.problems)
    if gallery.problems:
        output.print_warning(f"{gallery.problems} of the messages cannot be written; the page says why")
