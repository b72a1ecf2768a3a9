"""How soon and how fast the playground runs in headless Chromium.

`make site`, then `python scripts/measure_playground.py`. Prints the bytes loaded and the seconds
passed until the first picture has been drawn, and pictures drawn a second.
"""
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import sync_playwright

site = Path(__file__).resolve().parent.parent/"_site"
first_decode = 'performance.getEntriesByName("first decode")[0]?.startTime'
speed = """async () => {
    const n = 200, start = performance.now();
    for (let i = 0; i < n; i++) await playground.draw(await playground.decode(playground.codes[i]));
    return 1000 * n / (performance.now() - start);
}"""


def measure(browser, address:str) -> None:
    "Open the page once, print what came and how soon."
    page, bodies = browser.new_page(), []
    page.on("response", lambda response: bodies.append(response))
    page.goto(address)
    page.wait_for_function(first_decode)
    print(f"{sum(len(response.body()) for response in bodies) / 1e6:.2f} MB and "
          f"{page.evaluate(first_decode) / 1000:.2f} s to the first picture, "
          f"{page.evaluate(speed):.0f} pictures a second")
    page.close()


def main() -> None:
    "Serve the site, open the page, print the figures."
    handler = partial(SimpleHTTPRequestHandler, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as play:
        SimpleHTTPRequestHandler.log_message = lambda *args: None
        Thread(target=server.serve_forever, daemon=True).start()
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        page = f"http://127.0.0.1:{server.server_port}/playground.html"
        for _ in range(3): measure(browser, page)
        browser.close()
        server.shutdown()


if __name__ == "__main__": main()
