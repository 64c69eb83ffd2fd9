"""The small LAN of world.py as fixtures: it needs Linux, root, the program ip, and the servers that it runs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

WORLD = Path(__file__).with_name("world.py")


def lacking() -> str:
    """Why the world cannot be built here; empty if it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs Linux and root, to make network namespaces"
    programs = [name for name in ("ip", "bridge", "setpriv", "minidlnad", "wsdd") if shutil.which(name) is None]
    if programs:
        return f"needs the programs {', '.join(programs)} (iproute2, minidlna, wsdd)"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, timeout=20)
    if tried.returncode:
        return "needs a kernel that lets root make network namespaces"
    code = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    tried = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, timeout=60)
    return (
        "needs GStreamer's RTSP server for the system's Python (gir1.2-gst-rtsp-server-1.0)" if tried.returncode else ""
    )


class World:
    """A running world.py."""

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(WORLD), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self.about: dict[str, Any] = self._line()
            assert self.about["up"], f"servers did not come up; missing: {self.about['missing']}"
        except BaseException:
            self.close()
            raise

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def command(self, word: str) -> dict[str, dict[str, int]]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._line()

    def kinds(self) -> dict[str, str]:
        """Name of each host to what it is: camera, decoy, hostile."""
        return {host["name"]: host["kind"] for host in self.about["hosts"]}

    def name_of(self, finding: dict[str, Any]) -> str:
        """Name of the host that a finding is about, by its hardware address."""
        names = {host["mac"]: host["name"] for host in self.about["hosts"]} | {self.about["guest_mac"]: "guest"}
        return names[finding["identity"]["mac"]]

    def command_line(self, *arguments: str) -> list[str]:
        code = "from roomsweep.cli.app import main; main()"
        # As root in name only: without a single right that an ordinary user has not.
        ordinary = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        return ["ip", "netns", "exec", self.about["guest"], *ordinary, sys.executable, "-c", code, *arguments]

    def roomsweep(self, *arguments: str, home: Path, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run roomsweep as a guest of this network."""
        environment = {**os.environ, "ROOMSWEEP_HOME": str(home)}
        return subprocess.run(
            self.command_line(*arguments),
            **{"capture_output": True, "text": True, "timeout": 90, "stdin": subprocess.DEVNULL, **more},
            env=environment,
        )

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


@pytest.fixture(scope="session")
def worlds() -> Iterator[dict[str, World]]:
    """Three networks, made at the same time.

    ``open``: everybody hears everybody. ``hidden``: guests are hidden from each other, the router is heard. ``passed``:
    they are hidden, but the router answers ARP in their names and passes on what they send each other.
    """
    why = lacking()
    if why and os.environ.get("ROOMSWEEP_TEST_LAN") == "required":
        pytest.fail(f"the network of these tests must be there where everything is checked: it {why}")
    if why:
        pytest.skip(why)
    options = {"open": (), "hidden": ("--isolated",), "passed": ("--isolated", "--proxy", "--honest")}
    with ThreadPoolExecutor() as pool:
        made = {name: pool.submit(World, *words) for name, words in options.items()}
    try:
        yield {name: future.result() for name, future in made.items()}
    finally:
        for future in made.values():
            if future.exception() is None:
                future.result().close()


@pytest.fixture(scope="session")
def lan_world(worlds: dict[str, World]) -> World:
    """The network on which everybody hears everybody."""
    return worlds["open"]
