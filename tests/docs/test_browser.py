"""The built pages in a browser: nothing overflows, no picture is broken, no script fails, search works.

`make browser` builds the pages first. Skipped without them, without Chromium or without playwright.
"""

import functools
import http.server
import shutil
import threading

import pytest

from tests.docs.pages import DOCS

HTML = DOCS / "_build" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = [
    "index",
    "tutorial",
    "tape_to_capital",
    "scenario_to_table",
    "api/index",
    "api/defaults",
    "api/datasets",
    "backtest",
    "concepts/month",
    "glossary",
]
WIDTHS = (1280, 1600)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path"),
    pytest.mark.skipif(not (HTML / "index.html").exists(), reason="the pages are not built: make docs"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    handler = functools.partial(Quiet, directory=str(HTML))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason='no playwright: pip install -e ".[browser]"')
    with playwright.sync_playwright() as session:
        started = session.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """One page in a window of its own, with what went wrong on it."""

    def __init__(self, browser, address, width):
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.faults = []
        self.page.on("console", lambda message: self.note(message.type == "error", message.text))
        self.page.on("pageerror", lambda error: self.note(True, str(error)))
        self.page.on("response", lambda answer: self.note(answer.status >= 400, f"{answer.status} {answer.url}"))
        self.page.route(lambda url: not url.startswith(address), lambda route: route.fulfill(status=200, body=""))
        self.address = address

    def note(self, is_fault, text):
        if is_fault:
            self.faults.append(text)

    def open(self, path):
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page


@pytest.fixture
def visit(browser, address):
    visits = []

    def start(width=1280):
        visits.append(Visit(browser, address, width))
        return visits[-1]

    yield start
    for one in visits:
        one.page.close()


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BROKEN = "[...document.images].filter(i => i.complete && i.naturalWidth === 0).map(i => i.src)"
HEADER_LINES = """new Set([...document.querySelectorAll('.bd-header .navbar-nav > .nav-item')]
    .filter(e => e.offsetParent).map(e => Math.round(e.getBoundingClientRect().top))).size"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_whole(visit, name, width):
    window = visit(width)
    page = window.open(f"{name}.html")
    page.evaluate("document.querySelectorAll('img[loading=lazy]').forEach(i => i.loading = 'eager')")
    page.wait_for_function("[...document.images].every(i => i.complete)")
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(BROKEN) == []
    assert page.evaluate(HEADER_LINES) == 1
    assert window.faults == []


def test_search_leads_to_a_page(visit):
    window = visit()
    page = window.open("search.html?q=capital_adequacy")
    page.wait_for_selector("#search-results li a", timeout=30_000)
    links = page.eval_on_selector_all("#search-results li a", "list => list.map(a => a.href)")
    assert any("capital_adequacy" in link for link in links)
    assert window.faults == []


def test_what_is_wrong_is_seen(visit, address):
    window = visit()
    page = window.open("index.html")
    page.set_content("<div style='width: 3000px'>x</div><img src='/none.png'><script>undefinedName()</script>")
    page.wait_for_function("[...document.images].every(i => i.complete)")
    assert page.evaluate(OVERFLOW) > 0
    assert len(page.evaluate(BROKEN)) == 1
    assert any("undefinedName" in fault for fault in window.faults)
