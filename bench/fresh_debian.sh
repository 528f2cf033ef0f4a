#!/bin/bash
# Proves the two commands of the README where nothing is prepared: a Debian made for this, with git, make and python3.
#
#   bench/fresh_debian.sh [SUITE]        bookworm unless said otherwise; needs root, debootstrap and systemd-container
#   ONCE=1 bench/fresh_debian.sh         only the two commands, once each
#
# What is committed is cloned into it. First an ordinary user is told which package is missing; then root types
# `make rehearse` and `make test`, and once more each, to see that the set-up is made once; then the ordinary user once
# more, and what judges changes. Prints a line for each step with its seconds, and fails where a step fails. Takes some
# minutes and 2 GB; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}

[ "$(id -u)" = 0 ] || { echo "Making a Debian needs root. Type: sudo $0" >&2; exit 1; }
for tool in debootstrap:debootstrap systemd-nspawn:systemd-container git:git; do
    command -v "${tool%:*}" >/dev/null || { echo "Missing here. Type: apt-get install ${tool#*:}" >&2; exit 1; }
done

place=$(mktemp -d "${TMPDIR:-/var/tmp}/fresh-debian.XXXXXX")
trap 'rm -rf --one-file-system "$place"' EXIT
tree=$place/tree

# How the indexes are reached from here has to hold inside as well: a local certificate authority, pip's settings.
bundle=/etc/ssl/certs/ca-certificates.crt
settings=()
while IFS='=' read -r name value; do
    case $name in PIP_* | SSL_CERT_FILE | http_proxy | https_proxy | no_proxy) settings+=("--setenv=$name=$value") ;; esac
done < <(env)
binds=()
[ ! -e "$bundle" ] || binds+=("--bind-ro=$bundle:/run/ca-certificates.crt")
[ ! -e "$bundle" ] || settings+=("--setenv=PIP_CERT=/run/ca-certificates.crt" "--setenv=SSL_CERT_FILE=/run/ca-certificates.crt")
[ ! -e /etc/pip.conf ] || binds+=("--bind-ro=/etc/pip.conf")

inside() {
    user=$1
    shift
    # Its own process tree, this host's network, no registration with a systemd that may not run here.
    systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --pipe --directory="$tree" --user="$user" \
        --resolv-conf=replace-host "${binds[@]}" "${settings[@]}" --setenv=LANG=C.UTF-8 "$@" </dev/null
}

step() {
    what=$1
    shift
    began=$SECONDS
    status=0
    "$@" >"$place/log" 2>&1 || status=$?
    if [ $status != 0 ]; then
        tail -40 "$place/log" >&2
        echo "FAILED with status $status: $what" >&2
        exit 1
    fi
    printf '%5d s  %s\n' $((SECONDS - began)) "$what"
}

told_what_is_missing() {
    if inside "$@"; then
        return 1
    fi
    grep -q "Type: sudo apt-get install python3-venv" "$place/log"
}

step "Debian $suite with git, make, python3" \
    debootstrap --variant=minbase --include=git,make,python3 "$suite" "$tree"
git bundle create --quiet "$place/project.bundle" HEAD
chmod a+r "$place/project.bundle"
binds+=("--bind-ro=$place/project.bundle:/srv/project.bundle")
clone="git clone --quiet /srv/project.bundle"

if [ -n "${ONCE:-}" ]; then
    step "git clone" inside root sh -ec "$clone /opt/panjaya-watchd"
    for command in rehearse test; do
        step "make $command" inside root make -C /opt/panjaya-watchd "$command"
        tail -4 "$place/log"
    done
    exit
fi

step "an ordinary user is told what to type" \
    told_what_is_missing nobody sh -ec "cd \$(mktemp -d) && $clone here && make -C here test"
step "git clone" inside root sh -ec "$clone /opt/panjaya-watchd"
for command in rehearse test rehearse test; do
    step "make $command" inside root make -C /opt/panjaya-watchd "$command"
done
step "an ordinary user, with the package there" inside nobody sh -ec "cd \$(mktemp -d) && $clone here && make -C here test"
step ".ci/run" inside root /opt/panjaya-watchd/.ci/run
