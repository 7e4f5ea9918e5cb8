"""Build servers and throw-away containers are recognised, and nothing is counted there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from tests.agent.loopback import Loopback
from tests.agent.profile import Profile
from tests.program import IS_ROOT

from exitpoll_agent import wire
from exitpoll_agent.order import BUILD_SERVERS
from exitpoll_agent.surroundings import LAYERS, file_system_of, why_not_counted

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 0:40 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
29 27 254:0 /var/lib/volumes/data /home/me rw,relatime shared:7 - ext4 /dev/vda rw
30 29 0:50 / /home/me/one\040two rw - tmpfs tmpfs rw
31 29 254:1 / /home/me/again rw - tmpfs tmpfs rw
32 29 254:1 / /home/me/again rw - xfs /dev/vdb rw
""".strip()
"""Of a container with a volume for somebody's home (proc(5) has the fields)."""

CONTAINER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "EXITPOLL_CONTAINERS": ""}


def _own_file_system() -> str | None:
    mounts = Path("/proc/self/mountinfo")
    return file_system_of(tempfile.gettempdir(), mounts.read_text()) if mounts.exists() else None


NEEDS_MOUNTS = pytest.mark.skipif(not IS_ROOT, reason="only root can mount a layer")


@pytest.mark.parametrize("name", BUILD_SERVERS)
def test_every_build_server_is_recognised(tmp_path: Path, name: str) -> None:
    """Whatever a build server sets, a launch there is nobody's."""
    assert why_not_counted(tmp_path, "count", {name: "https://ci.example/7"}) == "ci"


@pytest.mark.parametrize("value", ["", "0", "false", "False", " false "])
def test_who_says_no_is_no_build_server(tmp_path: Path, value: str) -> None:
    """CI=false is how people get rid of what programs do in CI."""
    assert why_not_counted(tmp_path, "count", {"CI": value}) is None


def test_nothing_is_counted_in_ci(profile: Profile, server: Loopback) -> None:
    """On a build server no command of the product writes a file or opens a connection."""
    profile.environment["GITHUB_ACTIONS"] = "true"
    launched = profile.json("launch")
    assert (launched["counted"], launched["not_counted"]) == (False, "ci")
    assert profile.json("milestone", "first-export")["not_counted"] == "ci"
    left = profile.json("uninstall", "--open-survey", "--reason=price")
    assert (left["uninstall_id"], left["not_asked"], left["not_counted"]) == (None, "ci", "ci")
    assert profile.run("launch").stdout == "Nothing was counted: this is a build server.\n"
    assert profile.run("milestone", "m").stdout == "Nothing was noted: this is a build server.\n"
    assert profile.run("uninstall").stdout == "Nothing was sent: this is a build server.\n"
    assert profile.run("status", "--payload").stdout == ""
    assert not profile.state.exists()
    assert server.received == []


def test_an_installation_that_is_known_says_where_it_ended(
    profile: Profile, server: Loopback
) -> None:
    """What was counted before it was uninstalled in CI is no open end: the event names CI."""
    profile.run("launch")
    profile.environment |= {"CI": "1", "DISPLAY": ":0"}
    answer = profile.json("uninstall", "--open-survey")
    assert (answer["asked"], answer["not_asked"], answer["upload"]) == ("no", "ci", "confirmed")
    assert server.received[-1].path == wire.UNINSTALLS_PATH
    assert server.received[-1].message["uninstall"]["not_asked"] == "ci"


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/opt/state", "overlay"),
        ("/home/me", "ext4"),
        ("/home/me/.local/state/exitpoll", "ext4"),
        ("/home/meanwhile", "overlay"),
        ("/home/me/one two/state", "tmpfs"),
        ("/home/me/again/state", "xfs"),
    ],
)
def test_the_mount_that_holds_the_state_decides(folder: str, kind: str) -> None:
    """A volume inside of a container's layer is told from the layer, and a later mount wins."""
    assert file_system_of(folder, MOUNTS) == kind


@NEEDS_MOUNTS
@pytest.mark.parametrize(
    ("layer", "environment", "counted"),
    [
        ("overlay", CONTAINER, False),
        ("tmpfs", CONTAINER, False),
        ("tmpfs", {**CONTAINER, "EXITPOLL_CONTAINERS": "count"}, True),
    ],
)
def test_a_layer_that_goes_with_its_container_is_not_counted(
    profile: Profile, server: Loopback, layer: str, environment: dict[str, str], *, counted: bool
) -> None:
    """On a real overlay or in memory nothing is counted, unless the vendor's home is containers."""
    profile.state.mkdir()
    profile.environment |= environment
    mount = f"mount -t tmpfs layer {profile.state}"
    if layer == "overlay":
        # Neither half may lie on an overlay itself, which the tests may run on.
        mount = (
            f"{mount} && cd {profile.state} && mkdir low up work merged"
            " && mount -t overlay layer -o lowerdir=low,upperdir=up,workdir=work merged"
        )
        profile.environment["EXITPOLL_STATE_DIR"] = str(profile.state / "merged" / "state")
    profile.mounts = mount
    answer = profile.json("launch")
    assert answer["counted"] is counted
    assert answer["not_counted"] == (None if counted else "container")
    assert len(server.received) == int(counted)


@pytest.mark.skipif(_own_file_system() in LAYERS, reason="these tests run in a container's layer")
def test_a_volume_is_counted(profile: Profile) -> None:
    """What outlasts the container is a person's: the host's own kind of file system."""
    profile.environment |= CONTAINER
    assert profile.json("launch")["counted"] is True
