#!/usr/bin/env python3
"""Builds and pushes the same images with hydren and with the docker command line, side by side, on one Docker Engine and one registry.

    tests/bench/images.py target/release/hydren [--docker /usr/bin/docker] [--runs 5] [--context-mib 2048] [--layer-mib 256]

Needs a Docker Engine (DOCKER_HOST, or the default socket), a docker command line that knows BuildKit by itself (Debian's docker.io),
docker-registry, busybox-static, and for the application the base image of tests/wire/debian_base.sh. The two take turns, and each run
begins without a builder's cache; medians and the ratio of medians are printed, and for hydren the most memory that was resident.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

APPS = os.path.join(os.path.dirname(__file__), "..", "apps")
BLOCK = 1 << 20
CONFIG = """[components.{name}]
context = "{context}"
repository = "{repository}"
platform = "linux/amd64"
"""


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.home = os.path.join(folder, "home")
        os.makedirs(self.home)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if "DOCKER_HOST" in os.environ:
            self.environment["DOCKER_HOST"] = os.environ["DOCKER_HOST"]

    def run(self, words, **variables):
        """Wall seconds and the most resident KiB of a process; its output is shown where it fails."""
        with tempfile.TemporaryFile() as output:
            start = time.monotonic()
            process = subprocess.Popen(
                words, env=self.environment | variables, cwd=self.home, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = time.monotonic() - start
            if status != 0:
                output.seek(0)
                sys.exit(f"{words}: {os.waitstatus_to_exitcode(status)}\n{output.read().decode()}")
        return took, usage.ru_maxrss

    def docker(self, *words, **variables):
        return self.run([self.options.docker, *words], **variables)

    def clear(self):
        """Takes away what a builder has kept, and lets the disk come to rest."""
        self.docker("builder", "prune", "-af")
        self.docker("image", "prune", "-f")
        os.sync()

    def build(self, name, context, builder):
        """Builds `context` with both, in turns."""
        repository = f"bench/{name}"
        with open(os.path.join(self.home, "hydren.toml"), "w") as file:
            file.write(CONFIG.format(name=name, context=context, repository=repository))
        variables = {"DOCKER_BUILDKIT": "1" if builder == "BuildKit" else "0"}
        ours = [self.options.hydren, "image", "build", name, "--no-cache", "--tag", "ours"]
        theirs = ["build", "--no-cache", "--progress=plain", "-t", f"{repository}:theirs", context]
        # The same image: each label is a step of the classic builder.
        for label in ("title", "created", "version"):
            theirs[1:1] = ["--label", f"org.opencontainers.image.{label}=bench"]
        if builder != "BuildKit":
            theirs.remove("--progress=plain")
        pairs = []
        for _ in range(self.options.runs):
            self.clear()
            mine, resident = self.run(ours, **variables)
            self.clear()
            other, _ = self.docker(*theirs, **variables)
            pairs.append((mine, other, resident))
        self.told(f"build {name}, {builder}", pairs)

    def push(self, host, layer):
        """Pushes an image of one new layer with both, in turns."""
        # Without an environment, a profile or keys: nothing is asked of AWS.
        if os.path.exists(config := os.path.join(self.home, "hydren.toml")):
            os.remove(config)
        pairs = []
        for number in range(self.options.runs):
            times = []
            for who in ("ours", "theirs"):
                # A layer of its own for each push: nothing is there already.
                noise(os.path.join(layer, "noise"), self.options.layer_mib)
                image = f"{host}/bench/{who}{number}:1"
                archive = os.path.join(self.folder, "layer.tar")
                subprocess.run(["tar", "-C", layer, "-cf", archive, "noise"], check=True)
                self.docker("import", archive, image)
                os.remove(archive)
                os.sync()
                if who == "ours":
                    times.append(self.run([self.options.hydren, "image", "push", image]))
                else:
                    times.append(self.docker("push", image))
                self.docker("rmi", "-f", image)
            pairs.append((times[0][0], times[1][0], times[0][1]))
        self.told(f"push {self.options.layer_mib} MiB", pairs)

    def told(self, what, pairs):
        ours, theirs = (statistics.median(column) for column in list(zip(*pairs))[:2])
        resident = max(pair[2] for pair in pairs) / 1024
        spread = ", ".join(f"{mine:.2f}/{other:.2f}" for mine, other, _ in pairs)
        print(f"{what}: {ours:.2f} s, docker {theirs:.2f} s, ratio {ours / theirs:.2f}, resident {resident:.0f} MiB ({spread})", flush=True)


def noise(path, mib):
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(BLOCK))


def context_of(folder, mib):
    """A context of `mib` MiB in files of a MiB that cannot be compressed, all of which the image takes."""
    context = os.path.join(folder, "large")
    os.makedirs(os.path.join(context, "files"))
    for number in range(mib):
        noise(os.path.join(context, "files", f"{number:05}"), 1)
    with open(os.path.join(context, "Dockerfile"), "w") as file:
        file.write("FROM scratch\nCOPY files /files\n")
    return context


def registry(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = os.path.join(folder, "registry.yml")
    with open(config, "w") as file:
        storage = {"filesystem": {"rootdirectory": os.path.join(folder, "registry")}}
        json.dump({"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": f"127.0.0.1:{port}"}}, file)
    process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"127.0.0.1:{port}"
        time.sleep(0.05)
    process.kill()
    sys.exit("docker-registry does not listen")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hydren")
    parser.add_argument("--docker", default="/usr/bin/docker")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--context-mib", type=int, default=2048)
    parser.add_argument("--layer-mib", type=int, default=256)
    parser.add_argument("--only", choices=["build", "push"])
    options = parser.parse_args()
    options.hydren = os.path.abspath(options.hydren)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        if options.only != "push":
            flask = os.path.join(folder, "flask")
            shutil.copytree(os.path.join(APPS, "flask"), flask)
            large = context_of(folder, options.context_mib)
            for name, context in (("flask", flask), ("large", large)):
                for builder in ("BuildKit", "classic"):
                    bench.build(name, context, builder)
            shutil.rmtree(large)
        if options.only == "build":
            return
        layer = os.path.join(folder, "layer")
        os.makedirs(layer)
        process, host = registry(folder)
        try:
            bench.push(host, layer)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
