"The rendered site, served on this machine, and a browser to read it in."
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock
from nbdev.config import get_config
from playwright.sync_api import sync_playwright

from pages import two_at_a_time

root = Path(__file__).resolve().parent.parent
if "PYTEST_XDIST_WORKER" in os.environ: os.environ.update(two_at_a_time | os.environ)
# a shell that starts the tests in the background has it ignored, for all that they start, too
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Each file runs in one process, the longest first.
    (pytest-xdist 3.8 does not see the groups of pytest 9.2.)"""
    longest = ["test_site", "test_vae", "test_command_line", "test_playground", "test_sqam"]
    items.sort(key=lambda item: [name != item.path.stem for name in longest])
    for item in items: item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The folder of the site, rendered from the notebooks as they are, below its base path:
    by the process that first needs it, for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared/"www"/get_config().doc_baseurl.strip("/")
    with FileLock(shared/"site.lock"):
        if not folder.exists():
            build = subprocess.run([sys.executable, root/"docs/build.py", "--site", folder],
                                   capture_output=True, text=True)
            assert build.returncode == 0, build.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def address(site):
    "Where the site is served: an address ending in a slash."
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args): pass
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site.parent)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}/"
        server.shutdown()


def skip(reason:str):
    "Skip a test for what is not on this machine; where REQUIRE_BROWSER is set, fail it."
    pytest.fail(reason) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(reason)


@pytest.fixture(scope="session")
def npm(site):
    "What npm brought when the site was rendered: onnxruntime-web, d3-contour, axe-core."
    folder = root/"docs/node_modules"
    if folder.exists(): return folder
    skip("npm is not installed or reached nothing: the playground shows pictures only")


@pytest.fixture(scope="session")
def browser():
    "Chromium."
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path: skip("Chromium is not installed: `apt-get install chromium` brings it")
    with sync_playwright() as play:
        yield play.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
