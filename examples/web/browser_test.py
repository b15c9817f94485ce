#!/usr/bin/env python3
"""The page in headless Chromium: what it shows, and that every test image gets the class that it gets natively."""

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

os.environ.setdefault("HOME", "/tmp")
sys.path.insert(0, "examples/web")
import serve  # noqa: E402

PAGE = "examples/web"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1100,1000",
]
# Whether all images get the classes that the native program found. Runs in the page.
CLASSIFY_ALL = """
const [done] = [arguments[arguments.length - 1]];
(async () => {
  const neura = await import('./neura/index.js');
  const { PIXELS, argmax, toInput } = await import('./fashion_mnist.mjs');
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const [images, classes] = [await bytes('test_images.bin'), await bytes('classes.bin')];
  const session = await neura.load('neura/fashion_mnist.onnx');
  let different = 0;
  for (let begin = 0; begin < classes.length; begin += 500) {
    const input = toInput(neura, images.subarray(begin * PIXELS, (begin + 500) * PIXELS));
    const { output } = await session.run({ input });
    argmax(output.data).forEach((found, i) => (different += found !== classes[begin + i]));
  }
  const result = { images: classes.length, different, threads: session.threads, backend: session.backend };
  session.dispose();
  return result;
})().then(done, (error) => done({ error: String(error) }));
"""


class Browser:
    """A session of chromedriver (https://www.w3.org/TR/webdriver2/)."""

    def __init__(self, driver_url, profile):
        self.url = driver_url
        options = {"args": FLAGS + [f"--user-data-dir={profile}"]}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        session = self.send("POST", "/session", {"capabilities": capabilities})
        self.url = f"{driver_url}/session/{session['sessionId']}"
        self.send("POST", "/timeouts", {"script": 240000})

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=280) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def open(self, url):
        self.send("POST", "/url", {"url": url})

    def run(self, script):
        return self.send("POST", "/execute/sync", {"script": script, "args": []})

    def run_async(self, script):
        return self.send("POST", "/execute/async", {"script": script, "args": []})

    def wait_for(self, script, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"{script} did not come true; the page says: {self.run(STATUS)}")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("GET", "/screenshot")))


STATUS = "return document.getElementById('status').textContent"
READY = "return document.getElementById('time').textContent.includes('ms per inference')"
BEST = "return document.querySelector('#bars .best span').textContent"


@contextlib.contextmanager
def chromedriver(port):
    process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5)
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def page(directory, isolated):
    with serve.server(directory, isolated=isolated) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


def free_port():
    with serve.server(".") as server:
        return server.server_port


def check_page(browser, url, threaded):
    browser.open(url)
    browser.wait_for(READY)
    status = browser.run(STATUS)
    print(status)
    if threaded:
        assert "threads" in status and "one thread" not in status, status
    else:
        assert "one thread" in status and "cross-origin isolated" in status, status
    # The first test image is an ankle boot.
    assert browser.run(BEST) == "Ankle boot", browser.run(BEST)
    browser.run("document.querySelectorAll('#samples button')[2].click()")
    browser.wait_for(BEST + " === 'Trouser'")
    print(browser.run("return document.getElementById('time').textContent"))


def count_drawn(browser):
    return browser.run("const c = document.getElementById('canvas').getContext('2d').getImageData(0, 0, 28, 28).data; "
                       "return c.filter((byte, i) => i % 4 === 0 && byte > 128).length")  # fmt: skip


def draw(browser, steps):
    browser.send("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})


def check_drawing(browser):
    browser.run("document.getElementById('clear').click()")
    assert not browser.run("return document.querySelector('#bars .best')"), "an empty image has a class"
    assert browser.run("return document.querySelector('#bars .value').textContent") == ""
    box = browser.run("const b = document.getElementById('canvas').getBoundingClientRect(); return [b.left, b.top, b.width]")
    left, top, width = box
    moves = [(0.3, 0.15), (0.7, 0.15), (0.7, 0.85), (0.3, 0.85), (0.3, 0.15)]
    at = [{"type": "pointerMove", "duration": 50, "x": round(left + x * width), "y": round(top + y * width)}
          for x, y in moves]  # fmt: skip
    down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
    draw(browser, [at[0], down, up])
    dot = count_drawn(browser)
    assert 0 < dot < 10, f"a click drew {dot} pixels"
    browser.wait_for("return document.querySelector('#bars .best') !== null")
    draw(browser, [at[0], down, *at[1:], up])
    drawn = count_drawn(browser)
    assert drawn > 50, f"{drawn} pixels were drawn"


def check_missing_model(browser, url):
    browser.open(url)
    browser.wait_for("return document.getElementById('status').classList.contains('error')")
    print(browser.run(STATUS))
    assert "404" in browser.run(STATUS), browser.run(STATUS)


def main():
    pictures = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", tempfile.gettempdir())
    with tempfile.TemporaryDirectory() as scratch, chromedriver(free_port()) as driver:
        # What the server shows, beside the classes that the native program finds.
        directory = os.path.join(scratch, "page")
        os.mkdir(directory)
        for name in os.listdir(PAGE):
            os.symlink(os.path.abspath(os.path.join(PAGE, name)), os.path.join(directory, name))
        model = os.path.join(PAGE, "neura/fashion_mnist.onnx")
        subprocess.run([os.path.join(PAGE, "predict"), model, os.path.join(directory, "classes.bin")], check=True)

        browser = Browser(driver, os.path.join(scratch, "profile"))
        try:
            for isolated in (True, False):
                with page(directory, isolated) as url:
                    check_page(browser, url, threaded=isolated)
                    browser.screenshot(os.path.join(pictures, "threads.png" if isolated else "one_thread.png"))
                    result = browser.run_async(CLASSIFY_ALL)
                    print(result)
                    assert result.get("images") == 10000 and result["different"] == 0, result
                    assert (result["backend"] == "threads") == isolated, result
                    check_drawing(browser)
                    browser.screenshot(os.path.join(pictures, "drawn.png"))
            empty = os.path.join(scratch, "empty")
            os.makedirs(os.path.join(empty, "neura"))
            for name in os.listdir(PAGE):
                if name != "neura":
                    os.symlink(os.path.join(directory, name), os.path.join(empty, name))
            for name in os.listdir(os.path.join(PAGE, "neura")):
                if not name.endswith(".onnx"):
                    os.symlink(os.path.join(directory, "neura", name), os.path.join(empty, "neura", name))
            with page(empty, isolated=True) as url:
                check_missing_model(browser, url)
                browser.screenshot(os.path.join(pictures, "error.png"))
        finally:
            browser.send("DELETE", "")


if __name__ == "__main__":
    main()
