"""A small web application for the end-to-end tests: one line when it listens, then one for each request.

Environment: GREETING, the first word of `/`; FAIL, a reason not to start; REQUIRE_DATABASE, whether DATABASE_URL has to be there.
"""

import os
import signal
import sys
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

PORT = 8000
VERSION = Path(__file__).with_name("version.txt").read_text().strip()

app = Flask(__name__)


@app.get("/")
def index():
    return f"{os.environ.get('GREETING', 'Hello')} from {VERSION}\n"


@app.get("/healthz")
def healthz():
    return "ok\n"


def main():
    if reason := os.environ.get("FAIL"):
        raise RuntimeError(reason)
    if os.environ.get("REQUIRE_DATABASE"):
        os.environ["DATABASE_URL"]  # a KeyError where it is missing
    server = make_server("0.0.0.0", PORT, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on port {PORT}, {VERSION}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
