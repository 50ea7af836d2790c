"""E-mail template folders written for one test."""

from collections.abc import Mapping
from pathlib import Path

from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder

SETTINGS = Settings.model_validate(
    {
        "organisation": {
            "name": {"fi": "Osuuskauppa Lähde", "sv": "Handelslaget Källan", "en": "Lähde Co-op"},
            "legal_name": "Osuuskauppa Lähde (keksitty esimerkki)",
            "business_id": "0000000-0",
            "street": "Lähdetori 1",
            "postal_code": "00000",
            "city": {"fi": "Lähteelä", "sv": "Källnäs", "en": "Lähteelä"},
            "telephone": "+358 20 000 0000",
        },
        "public_url": "http://localhost:8000",
        "newsletters": {},
        "channels": {
            "email": {"address": "uutiset@lahde.example.org", "unsubscribe": "peru@lahde.example.org"},
            "sms": {"sender": "Lahde"},
        },
    }
)

MJML = """<mjml>
  <mj-head><mj-title>[[ subject ]]</mj-title></mj-head>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>{content}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
TEXTS = "subject: {fi: Hei, sv: Hej, en: Hello}\n"
SAMPLE = "member: {first_name: Aino}\n"


def folder_of(root: Path, files: Mapping[str, str], name: str = "trial") -> TemplateFolder:
    """Write an e-mail template with `files` and minimal other files, and load it."""
    contents = {
        "texts.yaml": TEXTS,
        "sample.yaml": SAMPLE,
        "body.mjml": MJML.format(content="x"),
        "body.txt": "x\n",
        **files,
    }
    for file, content in contents.items():
        path = root / "templates" / "email" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return load_template_folder(root, Channel.EMAIL, name)


def html(content: str) -> dict[str, str]:
    """Return the files of a template with `content` as its HTML text."""
    return {"body.mjml": MJML.replace("{content}", content)}
