#!/usr/bin/env python3
"""Measures the console as its terminal sees it: time to the first frame and to every tier, bytes and CPU while idle, memory.

    tests/bench/console.py target/release/hydren [--idle SECONDS] [-- ARGUMENT...]

Starts the console on a pseudo-terminal of 120x40 and prints medians. The bare start of a process on the same terminal
(`/bin/true`) is measured in the same run, so that figures of different machines can be compared.
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import termios
import time


def start(command):
    """Forks `command` on a terminal of 120x40; gives its process id, the terminal and the moment of the start."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.environ["TERM"] = "xterm-256color"
        os.execvp(command[0], command)
    return pid, terminal, began


def until(terminal, wanted, began, limit=30.0):
    """Milliseconds until `wanted` was written; what was written in between is thrown away."""
    seen = b""
    while time.perf_counter() - began < limit:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
            if wanted in seen:
                return (time.perf_counter() - began) * 1000
    raise SystemExit(f"{wanted!r} was not written within {limit:.0f} s; seen: {seen[-400:]!r}")


def bare():
    """Milliseconds from start to end of a process that does nothing."""
    pid, terminal, began = start(["/bin/true"])
    os.waitpid(pid, 0)
    os.close(terminal)
    return (time.perf_counter() - began) * 1000


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    """Resident memory of a process."""
    return int(next(l for l in open(f"/proc/{pid}/status") if l.startswith("VmRSS")).split()[1]) / 1024


def drain(terminal, seconds):
    """Reads for `seconds`; gives the number of bytes."""
    total, end_at = 0, time.perf_counter() + seconds
    while (left := end_at - time.perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            total += len(data)
    return total


def end(pid, terminal):
    """Ends the console and waits for it."""
    os.kill(pid, signal.SIGTERM)
    drain(terminal, 0.3)
    os.waitpid(pid, 0)
    os.close(terminal)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--full", default="live", help="what the header says once every tier has answered")
    parser.add_argument("arguments", nargs="*", default=["demo"])
    options = parser.parse_intermixed_args()
    command = [options.binary, *options.arguments]

    nothing = statistics.median(bare() for _ in range(options.runs))
    first, full = [], []
    for _ in range(options.runs):
        pid, terminal, began = start(command)
        first.append(until(terminal, b"Request path", began))
        full.append(until(terminal, options.full.encode(), began))
        end(pid, terminal)
    print(f"bare process      {nothing:8.1f} ms")
    print(f"first frame       {statistics.median(first):8.1f} ms (worst {max(first):.1f})")
    print(f"every tier        {statistics.median(full):8.1f} ms (worst {max(full):.1f})")

    pid, terminal, began = start(command)
    until(terminal, options.full.encode(), began)
    drain(terminal, 5.0)
    before = cpu_seconds(pid)
    written = drain(terminal, options.idle)
    used = cpu_seconds(pid) - before
    print(f"idle {options.idle:4.0f} s        {written / options.idle:8.1f} bytes/s written, {100 * used / options.idle:.2f} % of a core")
    print(f"resident          {resident_mib(pid):8.1f} MiB")
    end(pid, terminal)


if __name__ == "__main__":
    main()
