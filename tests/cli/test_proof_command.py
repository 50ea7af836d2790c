"""Command `proof`: where each message went, in words and in JSON."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.shell import Shell

OURS = "me@kyla.example.org"


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    """Shell in a workspace with two variants and an internal address."""
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(
        f'{settings.read_text("utf-8")}internal_addresses: ["@kyla.example.org", "+358401112223"]\n', "utf-8"
    )
    viesti.write("letter", TWO_VARIANTS)
    return viesti


def test_a_proof_says_where_it_went(letter: Shell) -> None:
    line = letter("proof", "letter", "--to", OURS, "--variant", "rest", "--language", "sv").out
    (file,) = letter.delivered_files()
    assert line == f"sent variant rest in sv by email to {OURS}, by the provider `folder`: {file}\n"
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"].addresses[0].addr_spec == OURS


def test_a_proof_by_text_message_says_where_it_went_in_json(letter: Shell) -> None:
    answer = letter("proof", "letter", "--to", "040 111 2223", "--json").json
    (proof,) = answer["proofs"]
    name = proof.pop("provider_id")
    assert answer["campaign"] == "letter"
    assert proof == {
        "channel": "sms",
        "address": "+358401112223",
        "variant": "lapland",
        "language": "fi",
        "provider": "folder",
        "file": str(letter.root / "outbox" / "proof-letter" / "sms.jsonl"),
    }
    assert name in Path(proof["file"]).read_text("utf-8").replace('"id": "', '"id": "sms-')


def test_all_proofs_are_every_variant_in_every_language(letter: Shell) -> None:
    proofs = letter("proof", "letter", "--to", OURS, "--all", "--json").json["proofs"]
    expected = [(variant, language) for variant in ("lapland", "rest") for language in ("fi", "sv", "en")]
    assert [(proof["variant"], proof["language"]) for proof in proofs] == expected
    assert sorted(proof["file"] for proof in proofs) == [str(file) for file in letter.delivered_files()]
    one_language = letter("proof", "letter", "--to", OURS, "--all", "--language", "en", "--json").json["proofs"]
    assert [(proof["variant"], proof["language"]) for proof in one_language] == [("lapland", "en"), ("rest", "en")]
