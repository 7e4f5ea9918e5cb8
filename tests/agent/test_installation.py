"""The installation's id, and whose word on consent holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.profile import Profile, present

from exitpoll_agent import installation, statefile


def test_the_id_is_made_once(tmp_path: Path) -> None:
    """An installation is made at the first need and is the same ever after."""
    assert installation.read(tmp_path) is None
    made = installation.ensure(tmp_path, present())
    assert installation.ensure(tmp_path, present()) == made == installation.read(tmp_path)


def test_a_damaged_installation_is_put_aside(tmp_path: Path) -> None:
    """A file that cannot be read is renamed, and a new installation takes its place."""
    made = installation.ensure(tmp_path, present())
    (tmp_path / installation.NAME).write_text('{"format": 1, "consent": "maybe"}')
    with pytest.raises(statefile.DamagedError):
        installation.read(tmp_path)
    assert installation.ensure(tmp_path, present()).installation_id != made.installation_id
    assert (tmp_path / "installation.json.corrupt-1").exists()


def test_a_persons_choice_goes_before_the_default(offline: Profile) -> None:
    """Consent is what the person chose; the configured default holds only without a choice."""
    assert installation.consent(offline.config(consent="exit")) == "exit"
    installation.ensure(offline.state, present())
    assert installation.consent(offline.config(consent="exit")) == "exit"
    offline.change_state(installation.NAME, consent="none")
    assert installation.consent(offline.config(consent="full")) == "none"
