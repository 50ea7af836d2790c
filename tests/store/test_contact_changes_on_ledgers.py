"""Changes of contacts on either ledger."""

from audiences.people import contact_changes
from campaigns.people.desk import changes
from campaigns.people.privacy import erasure
from tests.support.merged_members import KEPT
from tests.support.sample_workspace import SampleWorkspace


def test_a_change_is_recorded_renewed_and_purged_on_either_ledger(workspace: SampleWorkspace) -> None:
    context = workspace.engine.context
    changes.change_contact(context, KEPT, {"email": "new@example.net", "phone": "0509876543"}, [])
    with context.ledger.write() as connection:
        change = contact_changes.latest_change(connection, KEPT, "email")
        assert change is not None
        renewed = contact_changes.renew_proof(connection, change, workspace.clock.time)
        code = contact_changes.proof_code(context.signer, renewed.number, renewed.proof_nonce)
        assert contact_changes.prove_by_code(connection, context.signer, renewed, code, workspace.clock.time)
    workspace.clock.advance(days=31)
    erasure.apply_retention(context)
    with context.ledger.read() as connection:
        assert contact_changes.latest_change(connection, KEPT, "email") is None
        assert not contact_changes.is_proven(connection, KEPT, "phone")  # unproven stays, without the former number
        assert contact_changes.former_values(connection, KEPT)["phone"] == frozenset()
        assert contact_changes.opens_at(connection, KEPT, workspace.clock.time) is None
