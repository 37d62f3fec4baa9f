#!/usr/bin/env bash
# Makes hydren-test/debian-flask:bookworm, the base image of tests/apps/flask, in the Docker Engine of DOCKER_HOST or the default
# one. Nothing is pulled: the image is a Debian 12 from the mirror that this machine's apt uses, with Flask. Its tarball is made
# once, as root; later runs import that, or do nothing where the engine has the image.
#
# Environment: HYDREN_TEST_WORK, where the tarball is kept (default ~/.cache/hydren-test).
set -euo pipefail
umask 022

release=bookworm
image=hydren-test/debian-flask:$release
packages=python3-flask
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16) # an image or tarball of another recipe is made anew
work=${HYDREN_TEST_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/hydren-test}
tarball=$work/debian-flask.tar
scratch=$work/debian-flask.new # of the run that holds the lock

say() { printf 'debian_base.sh: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# bounded SECONDS COMMAND...: as `timeout`, and ended with this script.
bounded() {
  local status=0
  timeout --kill-after=10 "$@" </dev/null &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}

stop() {
  trap - EXIT
  set +e
  [[ -z $running ]] || { kill "$running" && wait "$running"; } 2>/dev/null
  rm -rf --one-file-system "$scratch"
}

there() {
  local label='{{index .Config.Labels "hydren-test-recipe"}}'
  [[ $(timeout 60 docker image inspect --format "$label" "$image" 2>/dev/null) == "$recipe" ]]
}

# The mirror that apt takes this release's packages from; empty where it has no list of them.
mirror() {
  # shellcheck disable=SC2016 # apt fills the format in
  apt-get indextargets --format '$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(SITE)' 'Created-By: Packages' |
    awk -F'|' -v release="$release" \
      '($1 == release || $2 == release) && $3 == "main" && $4 ~ /^(https?|file):/ && !found++ { print $4 }'
}

# The proxy through which apt reaches a URL; empty where there is none.
proxy() {
  local scheme=${1%%:*} host=${1#*://} proxy=''
  host=${host%%/*} host=${host##*@} host=${host%%:*}
  eval "$(apt-config shell proxy "Acquire::$scheme::Proxy" proxy "Acquire::$scheme::Proxy::$host")"
  [[ $proxy == DIRECT ]] || printf '%s' "$proxy"
}

make_tarball() {
  local from via root=$scratch/root alone=(unshare --mount)
  ((EUID == 0)) || die "$tarball has to be made once as root: run this script or scripts/test as root"
  export PATH=$PATH:/usr/sbin:/sbin
  command -v debootstrap >/dev/null || die "debootstrap is missing: install it, or run scripts/test, which does"
  from=$(mirror)
  if [[ -z $from ]]; then
    bounded 300 apt-get -qq update || die "apt-get update failed, and without it no mirror of Debian $release is known"
    from=$(mirror)
  fi
  [[ -n $from ]] || die "apt has no http, https or file source of Debian $release main, or does not reach it: see apt-get update"
  via=$(proxy "$from")
  [[ -z $via ]] || export http_proxy=$via https_proxy=$via

  say "making a Debian $release with $packages, which takes a minute or two"
  # In a mount namespace of its own, where there can be one: what debootstrap mounts is gone with it, however it ends.
  unshare --mount true 2>/dev/null || alone=()
  bounded 900 "${alone[@]}" debootstrap --variant=minbase --force-check-gpg --include="$packages" "$release" "$root" "$from" \
    >"$scratch/log" 2>&1 || {
    tail -q -n 15 "$scratch/log" "$root/debootstrap/debootstrap.log" >&2 2>/dev/null || true
    die "debootstrap failed, or took 15 minutes; its last words are above. Try again once apt-get update works"
  }
  # What no application needs, and what is this machine's.
  (
    cd "$root"
    rm -rf dev/* etc/{apt/sources.list,hostname,machine-id,resolv.conf} usr/share/{doc,info,lintian,locale,man}/* \
      var/{cache/apt,lib/apt/lists,log}/*
  )
  bounded 120 tar --numeric-owner -C "$root" -cf "$scratch/tar" . || die "tar failed: is there space left in $work?"
  # Under its own name it is whole, and never beside the recipe of another.
  rm -f "$tarball.recipe"
  mv "$scratch/tar" "$tarball"
  printf '%s\n' "$recipe" >"$tarball.recipe"
}

there && exit 0
command -v docker >/dev/null || die "docker is missing: run scripts/test, which installs it"
timeout 60 docker version >/dev/null 2>&1 ||
  die "no Docker Engine answers at ${DOCKER_HOST:-the default socket}: run scripts/test, which starts one, or set DOCKER_HOST"

mkdir -p "$work"
exec 8>"$work/debian-flask.lock" # held by what is started here too, should this script be killed
flock -w 1500 8 || die "another run has held $work/debian-flask.lock for 25 minutes: end it, and try again"
there && exit 0
running=
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
rm -rf --one-file-system "$scratch"
mkdir "$scratch"
[[ -s $tarball && $(cat "$tarball.recipe" 2>/dev/null) == "$recipe" ]] || make_tarball
bounded 300 docker import --change "LABEL hydren-test-recipe=$recipe" --change 'CMD ["/bin/bash"]' "$tarball" "$image" \
  >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  die "$tarball could not be imported; the reason is above. Remove it if it is damaged, and try again"
}
say "$image is there"
