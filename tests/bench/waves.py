#!/usr/bin/env python3
"""Delays every request on its way to a test server and tells when each began and ended.

    tests/bench/waves.py UPSTREAM_URL SECONDS PORT

Prints `BEGAN ENDED SERVICE REGION OPERATION` a request, in seconds since the start. With `AWS_ENDPOINT_URL=http://127.0.0.1:PORT`
and a delay far above the server's own time, a command's time divided by the delay is the number of calls that waited for one
another: what docs/performance.md compares with the longest chain of calls that need each other's answers.
"""

import http.client
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

UPSTREAM, DELAY, PORT = urlsplit(sys.argv[1]).netloc, float(sys.argv[2]), int(sys.argv[3])
NOT_PASSED_ON = {"transfer-encoding", "connection", "content-length", "date", "server"}
STARTED = time.monotonic()


def name(headers, path, body):
    """Service, region and operation, from the signature and what the protocols say."""
    signed = re.search(r"/\d{8}/([^/]+)/([^/]+)/aws4", headers.get("authorization", ""))
    region, service = signed.groups() if signed else ("-", "-")
    query = re.search(rb"Action=(\w+)", body)
    operation = headers.get("x-amz-target", "").split(".")[-1] or (query[1].decode() if query else path.split("?")[0])
    return f"{service} {region} {operation}"


class Delay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        began = time.monotonic() - STARTED
        time.sleep(DELAY)
        upstream = http.client.HTTPConnection(UPSTREAM)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        text = answer.read()
        upstream.close()
        sys.stdout.write(f"{began:.3f} {time.monotonic() - STARTED:.3f} {name(self.headers, self.path, body)}\n")
        sys.stdout.flush()
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in NOT_PASSED_ON:
                self.send_header(key, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


Server(("127.0.0.1", PORT), Delay).serve_forever()
