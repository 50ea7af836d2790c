"""Seeds: our own mailboxes and telephones that get what a run says as it begins, and stand in no count (A-20)."""

import logging
from typing import Final

from campaigns.asking import Asking
from campaigns.dispatch.proof import Proofs
from campaigns.errors import AuthorError
from campaigns.proofing import Wanted, deliver, of_sample, proof_to, speaking, unlinked_job
from campaigns.spec.campaign import Campaign
from campaigns.store.tables import Run

_LOG: Final = logging.getLogger("viesti")
_UNMARKED: Final = ""


def send_seeds(asking: Asking, run: Run, campaign: Campaign) -> None:
    """Send every seed each variant that its channel carries, as the run planned it, filled from the template's sample.

    Called once, when the run was started; a crash right then leaves the seeds without their copies. They have no
    decision and no delivery, so that no plan, cap, balance or report knows of them. One that fails is logged, and
    holds up neither the others nor the run.
    """
    root = asking.run_files(run).definition
    proofs = Proofs(unlinked_job(asking, campaign), root, asking.providers, asking.clock, _UNMARKED)
    for number, seed in enumerate(asking.library.settings.seeds, 1):
        blank = proof_to(seed.address)
        for variant in speaking(campaign, blank.channel):
            try:
                wanted = Wanted(seed.address, language=seed.language, variant=variant)
                deliver(proofs, *of_sample(asking, campaign, wanted, proofs, blank))
            except AuthorError as error:
                _LOG.warning("%s: seed %d got no `%s`: %s", run.run_id, number, variant, error)
