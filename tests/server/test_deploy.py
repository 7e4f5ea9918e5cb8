"""What server/deploy holds is valid for the programs that read it, and works in front of a server.

It needs nginx-light, caddy, docker-compose and systemd of Debian, as .ci/run installs them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.e2e.world import Server
from tests.server import proxies
from tests.server.databases import Database
from tests.server.messages import leaving, ping
from tests.server.proxies import DEPLOY, NAME

from exitpoll_agent import wire
from exitpoll_server.store import Product

pytestmark = pytest.mark.slow

MOST_EXPOSED = 2.0
"""Of 10, what `systemd-analyze security` may say: below 2 it calls a unit OK."""


def check(*command: str | Path, **environment: str) -> str:
    """Run a validator; return what it says."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# -- each by its own program's validator ----------------------------------------------------


def test_the_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    """Systemd takes the unit without a word, and finds little that it could be denied yet."""
    unit = tmp_path / "exitpoll.service"
    text = (DEPLOY / unit.name).read_text("utf-8")
    program = Path(sys.executable).parent / "exitpoll"
    unit.write_text(text.replace("/opt/exitpoll/bin/exitpoll", str(program)))
    assert check("systemd-analyze", "verify", "--man=no", unit) == ""
    said = check("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    exposure = re.search(r"exposure level for exitpoll.service: (\d+\.\d)", said)
    assert exposure
    assert float(exposure[1]) < MOST_EXPOSED


def test_the_caddyfile_is_valid_and_formatted() -> None:
    """`caddy validate` takes it, and `caddy fmt` would change nothing."""
    file = DEPLOY / "Caddyfile"
    assert "Valid configuration" in check("caddy", "validate", "--config", file)
    assert check("caddy", "fmt", file) == file.read_text("utf-8")


def test_the_nginx_file_is_valid(tmp_path: Path) -> None:
    """`nginx -t` takes it, with certificates that exist."""
    whole = proxies.nginx_configuration(tmp_path, "http://127.0.0.1:8000", proxies.free_port())
    said = check("nginx", "-t", "-e", "stderr", "-c", whole)
    assert "test is successful" in said
    assert "warn" not in said


def test_the_compose_file_is_valid() -> None:
    """`docker-compose config` takes it; without the host's name it says what is missing."""
    command = ("docker-compose", "-f", DEPLOY / "compose.yaml", "--profile", "postgres", "config")
    said = check(*command, EXITPOLL_HOST=NAME)
    assert f"EXITPOLL_PUBLIC_URL: https://{NAME}" in said
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "the name that leads to this machine" in refused.stderr


# -- in front of a server -------------------------------------------------------------------


@dataclass
class Site:
    """A server behind a proxy, and where both write."""

    port: int
    product: Product
    server: Server
    folder: Path

    def ask(
        self, method: str, path: str, body: str | bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask over TLS for the site's name, whatever its certificate."""
        with proxies.connected(self.port) as socket:
            connection = HTTPConnection(NAME)
            connection.sock = socket
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def written(self) -> str:
        return "".join(
            file.read_text("utf-8", "replace")
            for file in self.folder.rglob("*log")
            if file.is_file()
        )


@pytest.fixture(params=["nginx", "caddy"])
def site(
    request: pytest.FixtureRequest, database: Database, product: Product, tmp_path: Path
) -> Iterator[Site]:
    settings = {
        "EXITPOLL_DATABASE_URL": database.url,
        "EXITPOLL_PUBLIC_URL": f"https://{NAME}",
        "EXITPOLL_ACCESS_LOG": "on",
    }
    server = Server({**os.environ, **settings}, tmp_path / "server.log")
    port = proxies.free_port()
    with ExitStack() as stack:
        stack.callback(server.stop)
        if request.param == "nginx":
            whole = proxies.nginx_configuration(tmp_path, server.url, port)
            command, environment = ["nginx", "-e", "stderr", "-c", str(whole)], {}
        else:
            whole = proxies.caddy_configuration(tmp_path, port)
            command = ["caddy", "run", "--config", str(whole), "--adapter", "caddyfile"]
            environment = {
                "XDG_DATA_HOME": str(tmp_path / "caddy"),
                "XDG_CONFIG_HOME": str(tmp_path / "caddy"),
                "EXITPOLL_UPSTREAM": urlsplit(server.url).netloc,
            }
        stack.enter_context(proxies.running(command, port, tmp_path / "proxy.log", **environment))
        yield Site(port, product, server, tmp_path)


def test_messages_and_pages_go_through(site: Site) -> None:
    """A ping is kept and a survey answered over https, under one id from the proxy to the log."""
    key = {"Authorization": f"Bearer {site.product.key}", "Content-Type": "application/json"}
    status, headers, body = site.ask("POST", wire.PINGS_PATH, wire.to_json(ping()), **key)
    assert (status, json.loads(body)["exitpoll"]) == (200, 1)
    event = wire.encode_event(leaving())
    status, page, _ = site.ask("GET", f"/u/{site.product.key}/{event}")
    assert status == 303
    status, _, body = site.ask("GET", urlsplit(page["location"]).path)
    assert status == 200
    assert b"Sample" in body
    ids = {one["request_id"]: one["route"] for one in events(site)}
    assert ids[headers["x-request-id"]] == wire.PINGS_PATH
    assert len(headers["x-request-id"]) >= 32


def test_what_is_too_large_gets_the_servers_own_answer(site: Site) -> None:
    """A message over 64 KiB is refused with our code, so that the agent knows what that means."""
    key = {"Authorization": f"Bearer {site.product.key}", "Content-Type": "application/json"}
    large = " " * (wire.MAX_BODY_BYTES + 1)
    status, _, body = site.ask("POST", wire.PINGS_PATH, large, **key)
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert site.ask("POST", wire.PINGS_PATH, large * 2, **key)[0] == 413


def test_no_path_of_a_person_is_logged(site: Site) -> None:
    """Whether a page works, is not found, or the server is down: its path is in no log."""
    event = wire.encode_event(leaving())
    paths = [f"/u/{site.product.key}/{event}", "/s/hushhush", "/u/hushhush"]
    statuses = [site.ask("GET", path)[0] for path in paths]
    assert statuses == [303, 410, 404]
    site.server.kill()
    assert [site.ask("GET", path)[0] for path in paths] == [502] * 3
    site.server.start()
    written = site.written()
    assert '"route": "/s/<token>"' in written
    assert event not in written
    assert site.product.key not in written
    assert "hushhush" not in written


def events(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (site.folder / "server.log").read_text().splitlines()]
