#!/usr/bin/env python3
"""Serves the page. Headers isolate it from other origins, so that browsers let its threads share memory."""

import argparse
import functools
import http.server


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }
    isolated = True

    def end_headers(self):
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *args):
        pass


def server(directory, port=0, isolated=True):
    """An HTTP server on localhost that is not running yet; port 0 takes a free one."""
    handler = type("PageHandler", (Handler,), {"isolated": isolated})
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(handler, directory=directory))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-isolation", action="store_true", help="without the headers: one thread")
    parser.add_argument("--directory", default="examples/web", help="the page's; below Bazel's runfiles by default")
    options = parser.parse_args()
    with server(options.directory, options.port, not options.no_isolation) as running:
        print(f"http://127.0.0.1:{options.port}/index.html", flush=True)
        running.serve_forever()


if __name__ == "__main__":
    main()
