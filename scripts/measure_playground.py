"""How soon and how fast the playground runs in headless Chromium.

`make site`, then `python scripts/measure_playground.py`, or with the folder of another site behind
it. Prints, three times each and with an empty cache, the bytes loaded and the seconds passed until
the first picture has been drawn for a reader who moves the mouse once the page is there, the
pictures drawn a second, and the seconds passed until a link's text has been answered.
"""
import argparse
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import sync_playwright

root = Path(__file__).resolve().parent.parent
speed = """async () => {
    const n = 200, start = performance.now();
    for (let i = 0; i < n; i++) await playground.draw(await playground.decode(playground.codes[i]));
    return 1000 * n / (performance.now() - start);
}"""


def seconds(page, mark:str) -> float:
    "Wait for a performance mark of the page, and say how long after the navigation it stood."
    found = f"performance.getEntriesByName('{mark}')[0]?.startTime"
    page.wait_for_function(found)
    return page.evaluate(found) / 1000


def measure_drawing(browser, address:str) -> None:
    "Open the page once and move the mouse, print what came, how soon, and how fast it draws."
    page, bodies = browser.new_page(), []
    page.on("response", lambda response: bodies.append(response))
    page.goto(address)
    page.mouse.move(100, 100)  # the decoder waits for that
    passed = seconds(page, "first decode")
    print(f"{sum(len(response.body()) for response in bodies) / 1e6:.2f} MB and {passed:.2f} s "
          f"to the first picture, {page.evaluate(speed):.0f} pictures a second")
    page.close()


def measure_answering(browser, address:str) -> None:
    "Open a link with a text once, print how soon its answer stands."
    page = browser.new_page()
    page.goto(f"{address}#q=lost%20my%20bag", wait_until="commit")
    print(f"{seconds(page, 'first answer'):.2f} s to the first answer")
    page.wait_for_load_state("networkidle")  # nothing is cut short
    page.close()


class Quiet(SimpleHTTPRequestHandler):
    "Serves files without a word."
    def log_message(self, *args): pass


def main() -> None:
    "Serve the site, open the page, print the figures."
    parser = argparse.ArgumentParser(description="Measure the playground of a built site.")
    parser.add_argument("site", nargs="?", type=Path, default=root/"_site", help="its folder")
    site = parser.parse_args().site
    if not (site/"playground.html").exists(): parser.error(f"no playground in {site}: `make site`")
    handler = partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as play:
        Thread(target=server.serve_forever, daemon=True).start()
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        page = f"http://127.0.0.1:{server.server_port}/playground.html"
        for measure in (measure_drawing, measure_answering):
            for _ in range(3): measure(browser, page)
        browser.close()
        server.shutdown()


if __name__ == "__main__": main()
