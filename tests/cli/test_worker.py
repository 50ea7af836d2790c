"""`viesti worker` as a real process: it sends what is under way, and ends when it is told to."""

import signal
import subprocess

from tests.cli.conftest import MONDAYS, Shell
from tests.cli.test_serve import PATIENCE, mails, stands, until
from tests.console import VIESTI
from tests.village import Village


def test_it_sends_what_is_under_way_and_ends_on_sigterm(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    village = Village(viesti.root)
    village.start("letter")
    village.close()
    words = [VIESTI, "--workspace", str(viesti.root), "worker"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: stands(viesti)["state"] == "closed", process)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, said) == (0, "")
    assert len(mails(viesti)) == 18
