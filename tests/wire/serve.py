"""Runs a server that speaks AWS's API on a loopback port, for as long as standard input stays open.

    serve.py moto|ministack

Prints its URL once it answers. It ends when standard input reaches its end, so that no server outlives the test (or script)
that started it, however that one died.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

READY_SECONDS = 60
STOP_SECONDS = 20


def wait_for_end_of_input():
    while sys.stdin.buffer.read1(4096):
        pass


def moto():
    # Certificates are issued at the first look, not after a minute.
    os.environ["MOTO_ACM_VALIDATION_WAIT"] = "0"
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    print(f"http://127.0.0.1:{port}", flush=True)
    wait_for_end_of_input()
    os._exit(0)


def ministack():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = dict(os.environ, GATEWAY_PORT=str(port), BIND_HOST="127.0.0.1", LOG_LEVEL="WARNING")
    # These listen on fixed ports of every address, and no test needs them.
    env |= {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    child = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(f"{url}/_ministack/health"):
            if child.poll() is not None:
                sys.exit(f"ministack ended with {child.returncode} before it answered")
            if time.monotonic() > deadline:
                sys.exit(f"ministack did not answer on {url} within {READY_SECONDS} s")
            time.sleep(0.1)
        print(url, flush=True)
        wait_for_end_of_input()
    finally:
        # SIGINT lets it remove the containers of its tasks.
        child.send_signal(signal.SIGINT)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    # As an exception, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = {"moto": moto, "ministack": ministack}
    if len(sys.argv) != 2 or sys.argv[1] not in servers:
        sys.exit(f"usage: serve.py {'|'.join(servers)}")
    servers[sys.argv[1]]()
